# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The AnsibleModule of all our modules: nothing secret is in what it logs and returns, also where it refuses options.

AnsibleModule writes its parameters to the target's log, and refuses what the argument spec doesn't know, before any
function of ours is called. It hides the values of options with ``no_log``. What else may be a secret is hidden here:
what stands where no secret belongs (misplaced.py), and the values of options that there aren't.
"""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional, Set

from ansible.module_utils.basic import AnsibleModule, heuristic_log_sanitize
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.common.validation import check_type_dict

from .. import errors
from .misplaced import misplaced
from .options import INTERNAL

NEWER = "What a newer libpq has beside these can be written into url (…?keyword=value)."
# Python refuses to make text of an integer with thousands of digits.
LARGEST_BITS = 2**12
HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


class Module(AnsibleModule):
    """A module that supports check mode.

    :param spec: its argument spec.
    :param rules: further arguments of AnsibleModule.
    """

    _accepted = False
    internal: Dict[str, Any]

    def __init__(self, spec: Dict[str, Any], **rules: Any) -> None:
        try:
            super().__init__(argument_spec=spec, supports_check_mode=True, **rules)  # type: ignore[no-untyped-call]
        except (ArithmeticError, AttributeError, TypeError, ValueError) as error:
            self.fail_json("The options can't be read (%s)" % type(error).__name__)
        self._accepted = True
        self.params = {name: _given(value) for name, value in self.params.items()}

    def _load_params(self) -> None:
        """Take what the action plugin has added out of the parameters: it is nothing to document, log or return."""
        super()._load_params()  # type: ignore[no-untyped-call]
        self.internal = {name: self.params.pop(name, None) for name in INTERNAL}

    def log(self, msg: str, log_args: Optional[Dict[str, Any]] = None) -> None:
        """Write to the target's log. The first to be written are the parameters, before anything has looked at them."""
        self.hide_misplaced()
        if log_args:
            log_args = {name: self._loggable(name, value) for name, value in log_args.items()}
            msg = "Invoked with " + " ".join("%s=%s" % each for each in log_args.items())
        super().log(msg, log_args)  # type: ignore[no-untyped-call]

    def fail_json(self, msg: str, **result: Any) -> Any:
        """Fail. What AnsibleModule itself refuses gets a kind of error, and shows no value that it doesn't know."""
        if not self._accepted:
            self.hide_misplaced()
            msg = _unreadable(self.params, self.argument_spec) or msg
            self.params = _known(self.params, self.argument_spec, self.no_log_values)
            hint = NEWER if "Unsupported" in msg and "connect_params." in msg else None
            error = errors.OptionInvalid(msg, hint=hint)
            msg, result["error"] = error.sentence(), error.to_result()
        return super().fail_json(msg=msg, **result)

    def hide_misplaced(self) -> None:
        """Hide what stands where no secret belongs; it is refused later, see checks.py."""
        self.no_log_values.update(each.text for each in misplaced(self.params, self.argument_spec))

    def _loggable(self, name: str, shown: Any) -> Any:
        """Return what to log of a parameter.

        AnsibleModule makes text of lists and dictionaries before it looks for secrets in them; a quote or a backslash
        looks different in that text, so the secret wouldn't be found.
        """
        value = self.params.get(name)
        if isinstance(value, (list, dict)) and not self.argument_spec.get(name, {}).get("no_log"):
            return heuristic_log_sanitize(str(remove_values(_given(value), self.no_log_values)))
        return remove_values(shown, self.no_log_values)


def _unreadable(params: Mapping[str, Any], spec: Mapping[str, Any]) -> Optional[str]:
    """Return what AnsibleModule itself stumbles over: suboptions that are none, text that isn't UTF-8."""
    for name, value in params.items():
        if "options" in spec.get(name, {}) and value is not None:
            try:
                check_type_dict(value)
            except TypeError:
                return "%s: a dictionary belongs here, and this can't be read as one" % name
        if printable(value) != value:
            return "%s %s" % (name, "contains what isn't UTF-8" if isinstance(value, str) else "is too large a number")
    return None


def printable(value: Any) -> Any:
    """Return a text in which what isn't UTF-8 is written as backslashes and digits, and no number that is too large."""
    if isinstance(value, int) and value.bit_length() > LARGEST_BITS:
        return "a number of %d bits" % value.bit_length()
    return value.encode("utf-8", "backslashreplace").decode("utf-8") if isinstance(value, str) else value


def _given(value: Any) -> Any:
    """Return a dictionary of suboptions without those that weren't given; there are fifty of them."""
    return {key: each for key, each in value.items() if each is not None} if isinstance(value, dict) else value


def _known(params: Mapping[str, Any], spec: Mapping[str, Any], hidden: Set[str]) -> Dict[str, Any]:
    """Return parameters without the values of secret options, and of options that there aren't.

    AnsibleModule may have refused them before it has looked which are secret.

    :param hidden: gets the texts that a refusal may quote.
    """
    names = {alias: name for name, option in spec.items() for alias in (name, *option.get("aliases", ()))}
    known = {}
    for given, value in params.items():
        option = spec.get(names.get(given, ""), {"no_log": True})
        if "options" in option and isinstance(value, dict):
            value = _known(value, option["options"], hidden)
        elif value and (option.get("no_log") or "options" in option):
            if given in names:
                hidden.update(str(each) for each in (value if isinstance(value, list) else [value]) if each)
            value = HIDDEN
        known[printable(given)] = printable(value)
    return known

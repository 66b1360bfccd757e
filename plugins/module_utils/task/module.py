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

from .. import errors
from .misplaced import misplaced

HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


class Module(AnsibleModule):
    """A module that supports check mode.

    :param spec: its argument spec.
    :param rules: further arguments of AnsibleModule.
    """

    _accepted = False

    def __init__(self, spec: Dict[str, Any], **rules: Any) -> None:
        super().__init__(argument_spec=spec, supports_check_mode=True, **rules)  # type: ignore[no-untyped-call]
        self._accepted = True
        self.params = {name: _given(value) for name, value in self.params.items()}

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
            self.params = _known(self.params, self.argument_spec, self.no_log_values)
            result["error"] = errors.OptionInvalid(msg).to_result()
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


def _given(value: Any) -> Any:
    """Return a dictionary of suboptions without those that weren't given; there are fifty of them."""
    return {key: each for key, each in value.items() if each is not None} if isinstance(value, dict) else value


def _known(params: Mapping[str, Any], spec: Mapping[str, Any], unread: Set[str]) -> Dict[str, Any]:
    """Return parameters in which the values of options that there aren't are hidden.

    :param unread: gets the texts of what can't be read as suboptions; the refusal may quote them.
    """
    names = {alias: name for name, option in spec.items() for alias in (name, *option.get("aliases", ()))}
    known = {}
    for given, value in params.items():
        suboptions = spec[names[given]].get("options") if given in names else None
        if given not in names:
            value = HIDDEN
        elif suboptions is not None and isinstance(value, dict):
            value = _known(value, suboptions, unread)
        elif suboptions is not None and value is not None:
            unread.update(str(each) for each in (value if isinstance(value, list) else [value]) if each)
            value = HIDDEN
        known[given] = value
    return known

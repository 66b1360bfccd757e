# shellcheck shell=bash
# Sourced, under set -e, by the scripts in bin/: the project's virtual environment and a clean environment to work in.
# Afterwards the working directory is the checkout, and `python` is the virtual environment's.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
venv=$root/.venv
cd "$root" || exit

say() { printf '%s\n' "$*"; }

fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# What a shell happens to carry (PGSERVICE, ANSIBLE_STDOUT_CALLBACK, PYTHONPATH …) must not change what runs here.
clean_environment() {
    local name
    for name in ${!PG@} ${!ANSIBLE_@} ${!PYTEST_@} PYTHONHOME PYTHONPATH CDPATH; do
        unset "$name"
    done
    case ${LC_ALL:-${LC_CTYPE:-${LANG:-}}} in
        *[Uu][Tt][Ff]8* | *[Uu][Tt][Ff]-8*) ;;
        *) export LC_ALL=C.UTF-8 ;; # Ansible insists on UTF-8
    esac
    export ANSIBLE_CONFIG=$root/ansible.cfg
    export PIP_USER=0 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_PROGRESS_BAR=off
}

# Prints a Python that is new enough.
find_python() {
    local name seen=
    for name in python3 python3.13 python3.12 python3.11 python3.14 python; do
        command -v "$name" >/dev/null 2>&1 || continue
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            "$name" -c 'import sys; print(sys.executable)'
            return
        fi
        seen=${seen:-$("$name" --version 2>&1 || true)}
    done
    fail "Python 3.11 or newer is needed${seen:+, and this is $seen}." \
        "Install one (Debian, Ubuntu: apt-get install python3 python3-venv; Fedora: dnf install python3.12;" \
        "macOS: brew install python@3.13), so that python3 or python3.11 … python3.14 on PATH runs it, and try again."
}

# True when the virtual environment is whole, was made at this path, and its Python still runs.
venv_is_sound() {
    [[ -f $venv/.made && ! -e $venv/.installing && $(<"$venv/.made") == "$venv" ]] &&
        "$venv/bin/python" -c '' 2>/dev/null
}

make_venv() {
    local python
    python=$(find_python)
    rm -rf "$venv"
    if ! "$python" -m venv "$venv" >/dev/null 2>&1; then
        # Debian's python3 without python3-venv: no ensurepip, but perhaps a pip.
        rm -rf "$venv"
        { "$python" -m pip --version && "$python" -m venv --without-pip "$venv"; } >/dev/null 2>&1 ||
            fail "$python can't make virtual environments. Install its venv module" \
                "(Debian, Ubuntu: apt-get install python3-venv) and try again."
        printf '%s' "$python" >"$venv/.pip-of"
    fi
    printf '%s' "$venv" >"$venv/.made"
}

# Prints the interpreter of a version (3.9) that is on PATH, pyenv's or uv's; fails where there is none.
python_of_version() {
    local candidate
    for candidate in "python$1" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$1".*/bin/"python$1" \
        "${XDG_DATA_HOME:-$HOME/.local/share}"/uv/python/cpython-"$1".*/bin/"python$1"; do
        "$candidate" -c 'import sys; print(getattr(sys, "_base_executable", sys.executable))' 2>/dev/null && return
    done
    return 1
}

install() {
    local file
    local -a files=()
    for file; do files+=(-r "requirements/$file.txt"); done
    pip_install "${files[@]}"
}

pip_of_venv() {
    local pip=("$venv/bin/python" -m pip)
    if [[ -f $venv/.pip-of ]]; then
        pip=("$(<"$venv/.pip-of")" -m pip --python "$venv/bin/python")
    fi
    "${pip[@]}" "$@"
}

pip_install() {
    local log=$venv/pip.log
    if ! pip_of_venv install -c requirements/constraints.txt "$@" >"$log" 2>&1; then
        tail -n 15 "$log" >&2
        fail "pip could not install what requirements/ asks for; all it said is in $log"
    fi
}

stamp() { cat "requirements/$1.txt" requirements/constraints.txt; }

# setup run [dev lint]: makes the virtual environment and installs these requirements. Quick when nothing has changed.
setup() {
    # One at a time, where there is flock; a pip that outlives a killed script still holds the lock.
    (
        if command -v flock >/dev/null 2>&1; then flock 9; fi
        install_what_is_stale "$@"
    ) 9>"$root/.venv.lock"
    export PATH=$venv/bin:$PATH VIRTUAL_ENV=$venv
}

install_what_is_stale() {
    local file stale=
    venv_is_sound || make_venv
    for file; do
        [[ -f $venv/.has-$file && $(<"$venv/.has-$file") == "$(stamp "$file")" ]] || stale=yes
    done
    if [[ $stale ]]; then
        say "Installing what requirements/ asks for into .venv …"
        touch "$venv/.installing"
        install "$@"
        for file; do stamp "$file" >"$venv/.has-$file"; done
        rm "$venv/.installing"
    fi
    link_programs
    link_collection
}

# setup_beside sqlalchemy-1.4 …: installs each of these requirements into a directory of its own, .venv/sqlalchemy-1.4,
# which goes before the virtual environment's packages on PYTHONPATH. Quick when nothing has changed.
setup_beside() {
    local name directory
    for name; do
        directory=$venv/$name
        [[ -f $directory/.has && $(<"$directory/.has") == "$(stamp "$name")" ]] && continue
        say "Installing what requirements/$name.txt asks for into .venv/$name …"
        rm -rf "$directory"
        pip_install --target "$directory" -r "requirements/$name.txt"
        stamp "$name" >"$directory/.has"
    done
}

# The client programs beside the interpreter, where the modules look for them.
link_programs() {
    local bindir name
    bindir=$("$venv/bin/python" bin/lib/server.py bindir)
    for name in pg_dump psql; do
        ln -sfn "$bindir/$name" "$venv/bin/$name"
    done
}

# copy_collection DIRECTORY [PATHSPEC…]: puts the files that are, or would be, in git below it, as ansible-test wants them.
copy_collection() {
    local place=$1/ansible_collections/pgops/migrations
    shift
    mkdir -p "$place"
    git ls-files -z -co --exclude-standard --deduplicate -- . "$@" |
        tar --null -T - --ignore-failed-read -cf - 2>/dev/null | tar -xf - -C "$place"
}

# The checkout as the collection pgops.migrations, for Ansible and for Python's imports.
link_collection() {
    mkdir -p .collections/ansible_collections/pgops
    ln -sfn ../../.. .collections/ansible_collections/pgops/migrations
}

clean_environment

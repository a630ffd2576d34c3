# Sourced by scripts/demo and scripts/test: brings a fresh Debian or Ubuntu machine to the point where
# the lab and the tests can run. Installs only what is missing.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=$root/.venv

say() { printf '\n==> %s\n' "$*" >&2; }

die() {
  printf 'error: %s\n' "$1" >&2
  [ -z "${2:-}" ] || printf 'hint: %s\n' "$2" >&2
  exit 3
}

# The lab starts containers with systemd in them, so it needs root.
require_root() {
  [ "$(id -u)" -eq 0 ] || die "the lab needs root, this is $(id -un)" "run it as root, or with sudo"
}

# A package is asked for only when the program that it brings is missing.
ensure_system_packages() {
  command -v apt-get >/dev/null || die "no apt-get on this machine" "use Debian 12 or newer, or Ubuntu 24.04 or newer"
  local missing=() pair
  for pair in dockerd:docker.io mmdebstrap:mmdebstrap gcc:gcc gpg:gnupg ssh:openssh-client ip:iproute2 \
    iptables:iptables git:git; do
    command -v "${pair%%:*}" >/dev/null || missing+=("${pair#*:}")
  done
  [ -e /usr/include/stdlib.h ] || missing+=(libc6-dev)
  [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || missing+=(debian-archive-keyring)
  python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
  if [ ${#missing[@]} -eq 0 ] && command -v docker >/dev/null; then return 0; fi
  apt-get -o DPkg::Lock::Timeout=600 update -qq
  # From Debian 13 on the engine's package no longer brings the client.
  if ! command -v docker >/dev/null && apt-cache show docker-cli >/dev/null 2>&1; then missing+=(docker-cli); fi
  say "Installing ${missing[*]}"
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install -y -qq --no-install-recommends \
    "${missing[@]}" >/dev/null
}

# ensure_venv "" | "[dev]": what is installed is remembered by the digest of pyproject.toml.
ensure_venv() {
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    die "Python $(python3 -V | cut -d' ' -f2) is too old" "Python 3.11 or newer is needed on the control machine"
  local stamp=$venv/.installed wanted
  wanted="$1 $(sha256sum <"$root/pyproject.toml" | cut -d' ' -f1)"
  case "$(cat "$stamp" 2>/dev/null)" in "$wanted" | "[dev]${wanted#"$1"}") return 0 ;; esac
  say "Installing provision into .venv"
  if ! [ -x "$venv/bin/pip" ]; then
    python3 -m venv "$venv" >/dev/null || die "python3 cannot make a virtual environment" \
      "on Debian and Ubuntu: apt-get install python3-venv"
  fi
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --editable "$root$1"
  printf '%s' "$wanted" >"$stamp"
}

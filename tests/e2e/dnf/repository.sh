# Builds a signed repository in /srv/rpm on the server, and its key beside it: a driver in three versions whose
# libraries are bound to its version, and packages that have nothing to do with it.
set -eu
export GNUPGHOME=/root/rpm-key
mkdir -m 0700 "$GNUPGHOME"
gpg --batch --quiet --passphrase '' --quick-generate-key rpm@example.org rsa2048 sign never
mkdir -p /srv/rpm /root/rpm

package() { # NAME VERSION REQUIREMENT…
  name=$1 version=$2
  shift 2
  {
    printf 'Name: %s\nVersion: %s\nRelease: 1\nSummary: %s\nLicense: none\nBuildArch: noarch\n' "$name" "$version" "$name"
    for requirement in "$@"; do printf 'Requires: %s\n' "$requirement"; done
    printf '%%description\n%s\n%%files\n' "$name"
  } >"/root/rpm/$name.spec"
  rpmbuild -bb --quiet --define '_rpmdir /srv/rpm' "/root/rpm/$name.spec"
}

for version in 580.95.05 580.105.08 595.71.05; do
  package driver "$version" "driver-libraries = $version" compiler
  package driver-libraries "$version"
done
package compiler 1.0
package driver-of-others 1.0
package a-package-with-a-name-so-long-that-dnf-breaks-its-row-in-two 1.0
rpm --define '_gpg_name rpm@example.org' --addsign /srv/rpm/noarch/*.rpm >/dev/null
createrepo_c --quiet /srv/rpm
gpg --armor --export rpm@example.org >/srv/rpm/key.asc
gpg --with-colons --fingerprint rpm@example.org | awk -F: '$1 == "fpr" { print $10; exit }'

#!/bin/bash
# Packages that are made twice of the same commit have the same bytes, in another folder and by another user's settings too; and they are
# what they are called: their sums agree, dpkg reads them, and what they install works.
set -u
cd "$ROOT" || exit
fail() { echo "$1"; exit 1; }
version=$(scripts/memgrant version | cut -d ' ' -f 2)
(umask 077 && TZ=Asia/Kolkata LC_ALL=C.UTF-8 release/package "$version" "$WORK/again" >/dev/null) || fail "a second time they are not made"
diff -r "$BUILD/dist/out" "$WORK/again" || fail "they are others the second time"
(cd "$WORK/again" && sha256sum --check --quiet SHA256SUMS) || fail "the sums are wrong"
cd "$WORK/again" || exit

machine=$(uname -m) && case $machine in x86_64) debian=amd64 ;; *) debian=arm64 ;; esac
if command -v dpkg-deb >/dev/null; then
    dpkg-deb -x "memgrant_${version}_$debian.deb" "$WORK/root" || fail "dpkg-deb can't read the package"
    dpkg-deb -f "memgrant_${version}_$debian.deb" Package Version >/dev/null || fail "dpkg-deb can't read its control"
    (cd "$WORK/root" && dpkg-deb --ctrl-tarfile "$WORK/again/memgrant_${version}_$debian.deb" | tar -xO ./md5sums | md5sum --check --quiet) ||
        fail "its md5sums are wrong"
    [ "$("$WORK/root/usr/bin/memgrant" run -- printenv LD_PRELOAD)" = "$WORK/root/usr/lib/memgrant/libmemgrant.so" ] || fail "the .deb does not work"
fi
mkdir "$WORK/unpacked" && tar -xzf "memgrant-$version.tar.gz" -C "$WORK/unpacked" --strip-components=1 || fail "tar can't read the archive"
there=$WORK/unpacked
[ "$("$there/bin/memgrant" run --report "$WORK/report.json" -- printenv LD_PRELOAD)" = "$there/lib/memgrant/$machine/libmemgrant.so" ] || fail "the tar.gz does not work"
[ -s "$WORK/report.json" ] || fail "the tar.gz's library counts nothing"
# The manifest is read without unzip and Python.
"$there/bin/memgrant" doctor >said
grep -q "^ok *versions *both $version, of the same build" said || fail "doctor: $(cat said)"

# What the SBOM lists is what is there, and nothing is missing; each part has its licence.
python3 - "$there" <<'PY' || fail "the SBOM is wrong"
import hashlib, json, os, sys
root = sys.argv[1]
bill = json.load(open(os.path.join(root, "share/doc/memgrant/sbom.spdx.json")))
listed = {f["fileName"][2:]: {c["algorithm"]: c["checksumValue"] for c in f["checksums"]}["SHA256"] for f in bill["files"]}
found = {os.path.relpath(os.path.join(place, name), root): hashlib.sha256(open(os.path.join(place, name), "rb").read()).hexdigest()
         for place, _, names in os.walk(root) for name in names}
found.pop("share/doc/memgrant/sbom.spdx.json")
assert found == listed, set(found.items()) ^ set(listed.items())
notice = open(os.path.join(root, "share/doc/memgrant/NOTICE")).read()
assert "Jason Evans" in notice and all(p["name"] in notice for p in bill["packages"]), "NOTICE lacks somebody"
PY
for part in '' -sources -javadoc; do
    python3 -m zipfile -t "maven/io/memgrant/memgrant/$version/memgrant-$version$part.jar" >/dev/null || fail "the jar$part can't be read"
done
exit 0

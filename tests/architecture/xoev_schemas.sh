#!/usr/bin/env bash
# Every sample of xoev-schemas/ is valid, and broken copies are not.
# usage: xoev_schemas.sh ROOT
set -euo pipefail

root=$(cd "${1:?usage: xoev_schemas.sh ROOT}" && pwd)
pack=$root/xoev-schemas/xantrag/1_0
schema=$pack/xantrag-nachrichten-wohngeld.xsd
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0

valid() { xmllint --nonet --noout --schema "$schema" "$1" >"$scratch/log" 2>&1; }

command -v xmllint >/dev/null || { echo "xmllint is missing; install the package libxml2-utils"; exit 1; }

count=0
# What is imported from the net by its location lies here.
cat >"$scratch/catalog.xml" <<END
<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">
  <rewriteSystem systemIdStartString="http://xantrag.example/illustrativ/zeichen/1_0/" rewritePrefix="file://$pack/"/>
  <rewriteSystem systemIdStartString="http://xantrag.example/illustrativ/basisnachricht/1_0/" rewritePrefix="file://$pack/"/>
</catalog>
END
export XML_CATALOG_FILES=$scratch/catalog.xml
for version in 1_0 1_1; do
  for sample in "$root/xoev-schemas/xantrag/$version"/samples/*.xml; do
    topic=$(basename "$sample")
    case ${topic%%-*} in quittung | rueckweisung) topic=prozess ;; *) topic=${topic%%-*} ;; esac
    schema=$root/xoev-schemas/xantrag/$version/xantrag-nachrichten-$topic.xsd
    valid "$sample" || { cat "$scratch/log"; failed=1; }
    count=$((count + 1))
  done
done
schema=$pack/xantrag-nachrichten-wohngeld.xsd
[ "$count" -ge 7 ] || { echo "only $count sample(s)"; failed=1; }

refused() { # what sed-expression
  sed "$2" "$pack/samples/wohngeld-dortmund.xml" >"$scratch/broken.xml"
  if cmp -s "$scratch/broken.xml" "$pack/samples/wohngeld-dortmund.xml"; then
    echo "the sample does not hold what should be broken: $1"; failed=1
  elif valid "$scratch/broken.xml"; then
    echo "accepted: $1"; failed=1
  fi
}
refused "an ARS without its leading zero" 's/059130000000<\/xantrag:ars>/59130000000<\/xantrag:ars>/'
refused "a reader without prefix" 's/>wgb:059130000000</>059130000000</'
refused "a LeiKa id that does not start with 99" 's/<xantrag:leikaId>99/<xantrag:leikaId>11/'
refused "a broken nachrichtenUUID" 's/<bn:nachrichtenUUID>6f1d2c3a-/<bn:nachrichtenUUID>6f1d2c3a/'
refused "a code in a namespace" 's/<code>mietzuschuss<\/code>/<bn:code>mietzuschuss<\/bn:code>/'
refused "a value outside its code list" 's/<code>mietzuschuss</<code>heizkosten</'
refused "an unknown element" 's/<xantrag:wohnflaeche>/<xantrag:zimmer>3<\/xantrag:zimmer>&/'
refused "a missing author" '/<bn:autor>/,/<\/bn:autor>/d'
refused "an unknown root element" 's/wohngeld\.antrag\.0100/wohngeld.antrag.9999/'

echo "$count sample(s) checked"
exit "$failed"

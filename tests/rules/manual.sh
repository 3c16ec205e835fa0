#!/bin/bash
# The manual's sources are valid DocBook, with the lists that the program generates, and show every example.
set -euo pipefail
cd "$(dirname "$(realpath "$0")")/../../man"
for page in vmspawn.xml vmspawn.definition.xml; do xmllint --nonet --noout --valid "$page"; done
xmllint --nonet --noout --xinclude --noxincludenode --postvalid vmspawn.examples.xml
for example in ../examples/*.vmspawn; do
    grep -q "href=\"$example\"" vmspawn.examples.xml || { echo "vmspawn.examples.xml does not show $example"; exit 1; }
done

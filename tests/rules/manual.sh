#!/bin/bash
# The manual's sources are valid DocBook, with the lists that the program generates.
set -euo pipefail
cd "$(dirname "$(realpath "$0")")/../../man"
for page in vmspawn.xml vmspawn.definition.xml; do xmllint --nonet --noout --valid "$page"; done

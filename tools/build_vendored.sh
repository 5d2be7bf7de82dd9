#!/bin/sh
# Build what src/ringfence/console/static/vendor holds, anew and from the published packages. Only whoever updates a
# library runs this, with npm at hand; nobody who installs or uses ringfence does. The versions are here and nowhere else.
set -eu

SIGMA=3.0.3 GRAPHOLOGY=0.26.0 GRAPHOLOGY_UTILS=2.5.2 EVENTS=3.3.0 HTMX=2.0.11 ESBUILD=0.28.2

here=$(cd "$(dirname "$0")/.." && pwd)
vendor=$here/src/ringfence/console/static/vendor
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' >package.json
npm install --silent --no-audit --no-fund "sigma@$SIGMA" "graphology@$GRAPHOLOGY" "graphology-utils@$GRAPHOLOGY_UTILS" \
    "events@$EVENTS" "htmx.org@$HTMX" "esbuild@$ESBUILD"

cat >network.js <<'END'
export { default as Graph } from "graphology";
export { default as Sigma } from "sigma";
export { EdgeLineProgram, EdgeRectangleProgram, NodeProgram } from "sigma/rendering";
export { floatColor } from "sigma/utils";
END
npx esbuild network.js --bundle --minify --format=esm --target=es2020 --legal-comments=none \
    --banner:js="/* sigma $SIGMA, graphology $GRAPHOLOGY, graphology-utils $GRAPHOLOGY_UTILS, events $EVENTS: MIT, see README.md */" \
    --outfile=network-map.js --log-level=warning

mkdir -p "$vendor"
cp network-map.js "$vendor/network-map.js"
cp node_modules/htmx.org/dist/htmx.min.js "$vendor/htmx.min.js"
for package in sigma graphology graphology-utils events htmx.org; do
    for file in LICENSE LICENSE.txt; do
        [ ! -f "node_modules/$package/$file" ] || cp "node_modules/$package/$file" "$vendor/$package.LICENSE"
    done
done

listed() { (cd "$vendor" && printf '| `%s` | %s | %s | `%s` |\n' "$1" "$2" "$3" "$(sha256sum "$1" | cut -d' ' -f1)"); }
{
    cat <<'END'
# What the console carries of others

These files are as their authors published them, or bundled from that. None is edited by hand, and a test compares each
with its digest below. `sh tools/build_vendored.sh` makes all of them anew, this page too; it needs npm, and nobody who
installs or uses ringfence runs it. Nothing here asks for anything from another place.

| file | what | licence | SHA-256 |
|---|---|---|---|
END
    listed network-map.js "sigma $SIGMA, graphology $GRAPHOLOGY, graphology-utils $GRAPHOLOGY_UTILS and events $EVENTS, bundled by esbuild $ESBUILD" MIT
    listed htmx.min.js "htmx $HTMX" 0BSD
    listed sigma.LICENSE "sigma's licence" MIT
    listed graphology.LICENSE "graphology's licence" MIT
    listed graphology-utils.LICENSE "graphology-utils' licence" MIT
    listed events.LICENSE "events' licence" MIT
    listed htmx.org.LICENSE "htmx's licence" 0BSD
} >"$vendor/README.md"

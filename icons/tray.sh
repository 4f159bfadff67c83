#!/bin/sh
# Makes tray/ from ponte.svg: as it is, and with a dot for "somebody is offline". macOS draws its
# own from a template: only the shape, in black.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
mkdir -p tray

png() { # drawing size name
    npx --yes @tauri-apps/cli icon "$1" -p "$2" -o "$work/out" >/dev/null
    mv "$work/out/${2}x$2.png" "tray/$3.png"
}

dot='<circle cx="744" cy="744" r="216" fill="#c92a2a" stroke="#ffffff" stroke-width="64"/>'
sed "s|</svg>|$dot</svg>|" ponte.svg >"$work/offline.svg"
sed -e 's|viewBox="[^"]*"|viewBox="112 132 800 800"|' -e '/<rect/d' -e 's/#ffffff/#000000/' \
    ponte.svg >"$work/template.svg"
around='<mask id="around"><rect width="1024" height="1024" fill="#ffffff"/><circle cx="744" cy="744" r="216" fill="#000000"/></mask>'
sed "s|<g |$around<circle cx=\"744\" cy=\"744\" r=\"152\"/><g mask=\"url(#around)\" |" \
    "$work/template.svg" >"$work/template-offline.svg"

png ponte.svg 32 windows
png "$work/offline.svg" 32 windows-offline
png ponte.svg 64 linux
png "$work/offline.svg" 64 linux-offline
png "$work/template.svg" 44 macos
png "$work/template-offline.svg" 44 macos-offline

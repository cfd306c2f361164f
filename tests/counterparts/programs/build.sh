#!/bin/sh
# Build the programs of the counterparts:  build.sh [FOLDER]
# CC and LD must take the options of clang and of lld, for instance
#   CC="python3 -m ziglang cc" LD="python3 -m ziglang ld.lld" sh build.sh
# Those in bin/ were built by ziglang 0.17.1.
set -e
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/bin}
: "${CC:=clang}" "${LD:=ld.lld}"
mkdir -p "$out"
objects=$(mktemp -d)
trap 'rm -rf "$objects"' EXIT
for source in "$here"/src/*.c; do
	name=$(basename "$source" .c)
	$CC -target x86_64-freebsd -c -ffreestanding -nostdlib -O1 -g0 \
	    -mno-red-zone -mno-sse -fno-pie -fno-stack-protector -fno-builtin \
	    -fno-asynchronous-unwind-tables -fno-sanitize=all \
	    -Wall -Wextra -Werror -o "$objects/$name.o" "$source"
	$LD -m elf_x86_64_fbsd -static -no-pie -z noexecstack -z separate-code \
	    -z max-page-size=4096 --image-base=0x200000 --build-id=none \
	    -o "$out/$name" "$objects/$name.o"
	chmod 755 "$out/$name"
done

#!/bin/bash
# doctor finds what compiling needs, and says of each thing that is taken away how to get it.
. "$(dirname "$0")/common.sh"

expect 0 "$RVBC" doctor
says 'standard library' 'processor' 'C++ compiler' '-lpng16' 'nothing is missing that compiling needs'
expect 0 "$RVBC" doctor --json
holds "$(field said '["missing"]') == 0 and $(field said '["schema"]' | grep -c rvb.doctor/1) == 1"
[ "$(field said '["version"]')" = "$("$RVBC" --version | cut -d' ' -f2)" ] || die "another version"

expect 5 env CXX=no-such-compiler "$RVBC" doctor
says 'MISSING' 'apt-get install g++'
# A compiler without the library of PNG.
cat >cxx <<'END'
#!/bin/bash
case " $* " in *" -lpng16 "*) echo "cannot find -lpng16" >&2; exit 1 ;; esac
exec c++ "$@"
END
chmod +x cxx
expect 5 env CXX="$PWD/cxx" "$RVBC" doctor
says 'apt-get install libpng-dev' '1 things are missing'
! grep -q 'apt-get install zlib1g-dev' said || die "what is there is missed"
mkdir empty
expect 5 env RVB_LIBRARY="$PWD/empty" "$RVBC" doctor
says 'librvb_runtime.a is missing'
expect 5 env RVB_CACHE_DIR=/proc/never "$RVBC" doctor
says 'RVB_CACHE_DIR names a folder'
mkdir open && chmod 777 open
expect 0 env RVB_CACHE_DIR="$PWD/open" "$RVBC" doctor
says 'nothing is kept between runs'
expect 0 env PATH=/usr/bin:/bin taskset -c 0 "$RVBC" doctor

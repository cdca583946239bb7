#!/bin/sh
# prepare: makes a cluster in the current directory, of user postgres. serve: runs it.
set -e
bin=$(ls -d /usr/lib/postgresql/*/bin | tail -n 1)
case $1 in
  prepare)
    mkdir data
    chown postgres data
    setpriv --reuid=postgres --regid=postgres --clear-groups "$bin/initdb" -D data -A trust -N >/dev/null
    ;;
  serve)
    exec setpriv --reuid=postgres --regid=postgres --clear-groups "$bin/postgres" -D data -p 7007 -k '' -h 127.0.0.1
    ;;
esac

#!/bin/bash
# Compression by several threads, and a stream through two compressors, both in flight for seconds.
seq 1 900000 >numbers
xz -6 -T2 --block-size=1MiB -c numbers >numbers.xz
sha256sum numbers.xz
seq 1 500000 | xz -4 -c | tee numbers-stream.xz | xz -dc | sha256sum
sha256sum numbers-stream.xz

#!/bin/bash
# A long stream through a pipe into one hash: three processes, a pipe that is always full, a hash in registers.
head -c 600M /dev/zero | tr '\0' 'x' | sha256sum

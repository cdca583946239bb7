#!/bin/bash
# A pipeline of shells and programs that live shorter than the whole: forks, execs, pipes, a here document, a trap.
trap 'echo never' USR1
produce() {
  for i in $(seq 1 400); do
    echo "$i $((i * i % 97)) $(printf '%05d' "$i" | rev)"
    [ $((i % 10)) -eq 0 ] && sleep 0.05
  done
}
produce | while read -r number square reversed; do
  echo "$reversed $(expr "$square" + "$number")"
done | tee copy | sort -n | awk '{ sum += $2; print NR, $0, sum }'
sha256sum copy
cat <<END
done after $(wc -l <copy) lines
END

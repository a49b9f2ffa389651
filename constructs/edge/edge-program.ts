/**
 * The program beside the edge, in POSIX shell: it puts a product's split of the traffic into force and makes sure that the
 * edge serves it. A switch's job runs it once for Terraform; the keeper (edge-keeper.ts) runs it for whoever has to move
 * traffic back at once, and for a canary that nobody watches any more. So all of them write the very same content and make
 * the very same check (ADR 0012).
 *
 * What it knows is in a folder of the routing volume that no edge reads, `.splits/<subject>/`:
 *
 * - `sets-<hash>/`: the routing for each split that the sets allow: `blue`, `green`, `both` (with places for the weights);
 * - `now`: the split in force, who put it there and when, and whether Terraform knows (`recorded`);
 * - `lease`, `watched`: how long a canary, or a set that is kept, is still watched;
 * - `past`: the splits before, a line each.
 *
 * Times that anything depends on are the host's uptime with its boot's id: a clock may jump.
 */
import { UNTOLD } from "../../model/edge-keeper";
import { PROBE_PORT, REVISION_HEADER, REVISION_PLACEHOLDER, WEIGHT_PLACEHOLDERS } from "../../model/routing";
import { EDGE_ALIAS, ROUTING } from "./edge";

/** Where a job has what it is to put into force. */
export const NEXT = "/next";
/** Traefik serves a change some 0.2 s after it, and a reload of nginx takes less. The rest is for a busy machine. */
const PATIENCE_SECONDS = 30;
/** Between two questions whether the edge serves it. */
const EVERY_SECONDS = 0.05;
/** After so many questions without the answer, some 1.5 s, the edge is told once more. */
const AGAIN_EVERY_TRIES = 20;
/** A part that holds a subject's lock needs a few milliseconds: one that is older was killed. */
const STALE_TRIES = 60;
/** So many splits are remembered. */
const PAST = 50;

export interface EdgeProgram {
  /** Of the files that the edge reads: ".yml". */
  readonly extension: string;
  /** Commands that make the edge look at its files again; none if it watches. */
  readonly reload: readonly string[];
}

/** The shell text; run as `sh -c <text> edge <operation> <arguments>`. What is said in it to its readers stays here. */
export const edgeProgram = (edge: EdgeProgram): string =>
  program(edge)
    .split("\n")
    .filter((line) => line !== "" && !line.trimStart().startsWith("#"))
    .join("\n");

const program = ({ extension, reload }: EdgeProgram): string => `set -u
S=${ROUTING}/.splits
US=$(printf '\\037')
say() { printf '%s\\n' "$*"; }
up() { read -r uptime _ < /proc/uptime; echo "\${uptime%%.*}"; }
boot() { cat /proc/sys/kernel/random/boot_id; }
value() { sed -n "/^$1 /{s///p;q;}" "$2" 2>/dev/null; }
share() { case ",$2," in *",$1="*) v=\${2#*"$1="}; echo "\${v%%,*}" ;; *) echo 0 ;; esac; }
same() { [ "$(share blue "$1")" = "$(share blue "$2")" ] && [ "$(share green "$1")" = "$(share green "$2")" ]; }
shared() { [ "$(share blue "$1")" -gt 0 ] && [ "$(share green "$1")" -gt 0 ]; }

# about <subject> [its file]
about() {
  subject=$1
  D=$S/$subject
  place=${ROUTING}/\${2:-$subject${extension}}
  mine=$S/tmp/$subject.$HOSTNAME.$$
  mkdir -p "$D" "$S/tmp"
}

# One at a time, for moments. Whoever was killed between two renamings left "coming": it counts if its file is in place.
enter() {
  tries=0
  until mkdir "$D/busy" 2>/dev/null; do
    tries=$((tries + 1))
    if [ $tries -ge ${STALE_TRIES} ]; then rmdir "$D/busy" 2>/dev/null || true; tries=0; fi
    sleep ${EVERY_SECONDS}
  done
  if [ -e "$D/coming" ]; then
    if grep -q "$(value revision "$D/coming")" "$place" 2>/dev/null; then mv "$D/coming" "$D/now"; else rm -f "$D/coming"; fi
  fi
}
leave() { rmdir "$D/busy" 2>/dev/null || true; }

lease() {
  printf 'boot %s\\nuntil %s\\n' "$(boot)" "$(($(up) + $1))" > "$mine.lease" && mv "$mine.lease" "$D/$2"
}
left() {
  [ -e "$D/$1" ] && [ "$(value boot "$D/$1")" = "$(boot)" ] && echo "$(($(value until "$D/$1") - $(up)))"
}

render() {
  blue=$(share blue "$2")
  green=$(share green "$2")
  from=blue
  if [ "$green" -gt 0 ]; then from=green; fi
  if shared "$2"; then from=both; fi
  if [ -e "$1/all" ]; then from=all; fi
  sed -e "s/\\"${WEIGHT_PLACEHOLDERS.blue}\\"/$blue/g; s/${WEIGHT_PLACEHOLDERS.blue}/$blue/g" \\
      -e "s/\\"${WEIGHT_PLACEHOLDERS.green}\\"/$green/g; s/${WEIGHT_PLACEHOLDERS.green}/$green/g" "$1/$from" > "$mine.content" || return 1
  revision=$(sha256sum "$mine.content" | cut -c1-12)
  sed "s/${REVISION_PLACEHOLDER}/$revision/g" "$mine.content" > "$mine.new" || return 1
  rm -f "$mine.content"
}

look() { :${reload.map((line) => `\n  ${line} || return 1`).join("")}
}
served() {
  timeout 5 wget -S -q -O /dev/null --header "Host: $subject" http://${EDGE_ALIAS}:${PROBE_PORT}/ 2>&1 |
    tr -d '\\r' | grep -i '${REVISION_HEADER}: ' | sed 's/.*: *//;q'
}

# Into force, or the former back. Begins with the subject's lock held, and gives it back.
# put <sets> <split> <live> <by> <recorded> <at> <who> <why>
put() {
  if ! render "$1" "$2"; then leave; say "$subject has no routing for $2"; return 1; fi
  rm -f "$mine.old" "$mine.before"
  if [ -e "$place" ]; then cp -p "$place" "$mine.old"; fi
  if [ -e "$D/now" ]; then cp -p "$D/now" "$mine.before"; fi
  printf 'split %s\\nlive %s\\nblue %s\\ngreen %s\\nsets %s\\nrevision %s\\nby %s\\nrecorded %s\\nat %s\\nwho %s\\nwhy %s\\n' \\
    "$2" "$3" "$(value blue "$1/meta")" "$(value green "$1/meta")" "\${1##*/}" "$revision" "$4" "$5" "$6" "$7" "$8" > "$D/coming" ||
    { leave; say "nothing can be written in ${ROUTING}: is the disk full?"; return 1; }
  if shared "$2"; then lease "$(value lease "$1/meta")" lease; fi
  changed=yes
  if cmp -s "$mine.new" "$place"; then changed=no; rm -f "$mine.new"; else mv "$mine.new" "$place"; fi
  mv "$D/coming" "$D/now"
  leave
  # An edge that is made to look again ends idle connections: not for what it serves already.
  if [ $changed = no ] && [ "$(served)" = "$revision" ]; then :; elif ! look; then back "the edge refuses \${place##*/}"; return 1; fi
  deadline=$(($(up) + ${PATIENCE_SECONDS}))
  asked=0
  until [ "$(served)" = "$revision" ]; do
    asked=$((asked + 1))
    # Seen once in 41 moves: the edge had not heard of the change. So it is told of the very same once more.
    if [ $((asked % ${AGAIN_EVERY_TRIES})) -eq 0 ]; then again; fi
    if [ "$(up)" -ge $deadline ]; then
      back "the edge does not serve revision $revision of \${place##*/} after ${PATIENCE_SECONDS} s"
      return 1
    fi
    sleep ${EVERY_SECONDS}
  done
  enter
  if [ "$(value revision "$D/now")" = "$revision" ]; then
    for other in "$D"/sets-*; do if [ "\${other##*/}" != "$(value sets "$D/now")" ]; then rm -rf "$other"; fi; done
    if ! shared "$2"; then rm -f "$D/lease"; fi
    printf '%s\\n' "$6$US$4$US$2$US$3$US$(value blue "$D/now")$US$(value green "$D/now")$US$7$US$8" >> "$D/past"
    tail -n ${PAST} "$D/past" > "$mine.past" && mv "$mine.past" "$D/past"
  fi
  leave
  rm -f "$mine.old" "$mine.before"
  say "the edge serves revision $revision of \${place##*/}"
}

# The same file once more, unless another one's is there by now.
again() {
  enter
  if [ "$(value revision "$D/now")" = "$revision" ] && cp -p "$place" "$mine.again"; then mv "$mine.again" "$place"; fi
  leave
  look || true
}

# What another one has put into force in the meantime stays: a killed Terraform may have left a job that is still at work.
back() {
  enter
  if ! grep -q "$revision" "$place" 2>/dev/null || [ "$(value revision "$D/now")" != "$revision" ]; then
    leave
    say "$1; another job has changed the routing of $subject since"
    return 0
  fi
  if [ -e "$mine.old" ]; then mv "$mine.old" "$place"; else rm -f "$place"; fi
  if [ -e "$mine.before" ]; then mv "$mine.before" "$D/now"; else rm -f "$D/now"; fi
  if ! shared "$(value split "$D/now")"; then rm -f "$D/lease"; fi
  leave
  look || true
  say "$1; the former routing of $subject is back"
}

# For Terraform's job: switch <subject> <split> <live> <blue's version, or -> <green's version, or -> <seconds of a lease>
switch() {
  about "$1"
  hash=$(cat ${NEXT}/* | sha256sum | cut -c1-12)
  rm -rf "$mine.sets" && mkdir "$mine.sets" && cp ${NEXT}/* "$mine.sets/"
  printf 'blue %s\\ngreen %s\\nlease %s\\n' "$4" "$5" "$6" > "$mine.sets/meta"
  enter
  if [ "$(value recorded "$D/now")" = no ] && ! same "$(value split "$D/now")" "$2"; then
    leave
    rm -rf "$mine.sets"
    say "$subject has $(value split "$D/now") since $(value at "$D/now"): $(value who "$D/now"), $(value why "$D/now")."
    say "${UNTOLD}, and this switch to $2 does not know of it: nothing was moved."
    say "twinset status shows it; the next twinset apply or release command settles it."
    return 1
  fi
  rm -rf "$D/sets-$hash" && mv "$mine.sets" "$D/sets-$hash"
  put "$D/sets-$hash" "$2" "$3" switch yes "$(date -u +%Y-%m-%dT%H:%M:%SZ)" Terraform "switch"
}

# For the keeper's callers: move <subject> <revision that is in force> <split> <live> <by> <at> <who> <why>
move() {
  about "$1"
  enter
  if [ "$(value revision "$D/now")" != "$2" ]; then
    leave
    say "$subject was moved meanwhile: $(value split "$D/now") since $(value at "$D/now"), by $(value who "$D/now")"
    return 3
  fi
  recorded=no
  if same "$(value split "$D/now")" "$3" && [ "$(value live "$D/now")" = "$4" ]; then recorded=$(value recorded "$D/now"); fi
  put "$D/$(value sets "$D/now")" "$3" "$4" "$5" "$recorded" "$6" "$7" "$8"
}

# renew <subject> <revision>: somebody watches. What is watched must be what is in force.
renew() {
  about "$1"
  enter
  code=0
  if [ "$(value revision "$D/now")" != "$2" ]; then
    say "$subject was moved meanwhile: $(value split "$D/now") since $(value at "$D/now"), by $(value who "$D/now"), $(value why "$D/now")"
    code=3
  elif shared "$(value split "$D/now")"; then lease "$(value lease "$D/$(value sets "$D/now")/meta")" lease
  else lease "$(value lease "$D/$(value sets "$D/now")/meta")" watched
  fi
  leave
  return $code
}

# facts [subject]
facts() {
  for folder in "$S"/*; do
    name=\${folder##*/}
    case $name in tmp|settings|'*') continue ;; esac
    if [ -n "\${1:-}" ] && [ "$1" != "$name" ]; then continue; fi
    about "$name"
    enter
    say "subject $name"
    cat "$D/now" 2>/dev/null
    if grep -q "$(value revision "$D/now")" "$place" 2>/dev/null; then say "file yes"; else say "file no"; fi
    say "lease-left $(left lease)"
    say "lease $(value lease "$D/$(value sets "$D/now")/meta")"
    say "watched-left $(left watched)"
    sed 's/^/past /' "$D/past" 2>/dev/null
    leave
    say "served $(served)"
  done
}

# A canary whose lease ran out ends: all traffic goes back to the live set. Nothing else is ever done.
tick() {
  about "$1"
  if ! shared "$(value split "$D/now")"; then return 0; fi
  rest=$(left lease)
  if [ -n "$rest" ] && [ "$rest" -gt 0 ]; then return 0; fi
  enter
  now=$(value split "$D/now")
  rest=$(left lease)
  if ! shared "$now" || { [ -n "$rest" ] && [ "$rest" -gt 0 ]; }; then leave; return 0; fi
  # No lease of this boot: whoever watches gets the time to come back.
  if [ -z "$rest" ]; then lease "$(value lease "$D/$(value sets "$D/now")/meta")" lease; leave; return 0; fi
  to=$(value live "$D/now")
  all=blue=100,green=0
  if [ "$to" = green ]; then all=blue=0,green=100; fi
  why="nobody watched the canary ($now) for $(value lease "$D/$(value sets "$D/now")/meta") s"
  put "$D/$(value sets "$D/now")" "$all" "$to" lease no "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "the keeper beside the edge" "$why"
}

keep() {
  trap 'exit 0' TERM INT
  mkdir -p "$S/tmp"
  while :; do
    up > /tmp/alive
    for found in "$S"/*/lease; do
      if [ -e "$found" ]; then
        name=\${found%/lease}
        tick "\${name##*/}"
      fi
    done
    sleep 1 &
    wait $!
  done
}

# For Terraform's job: settings <file> [products]. Files of other products go, and what killed jobs have left.
settings() {
  about settings "$1"
  shift
  for found in ${ROUTING}/*${extension}; do
    name=\${found##*/}
    name=\${name%${extension}}
    if [ "$found" = "$place" ]; then continue; fi
    case " $* " in *" $name "*) ;; *) rm -rf "$found" "$S/\${name:?}" ;; esac
  done
  find ${ROUTING} -maxdepth 1 -name '.*' -type f -mmin +60 -exec rm -f {} +
  find "$S/tmp" -mindepth 1 -maxdepth 1 -mmin +60 -exec rm -rf {} +
  rm -rf "$D/sets-all" && mkdir "$D/sets-all" && cp ${NEXT}/* "$D/sets-all/" && : > "$D/sets-all/meta"
  enter
  put "$D/sets-all" - - switch yes "$(date -u +%Y-%m-%dT%H:%M:%SZ)" Terraform settings
}

# A line each: operation and arguments, parted by the unit separator. Each answer ends with "." and the exit code.
session() {
  while IFS=$US read -r op a b c d e f g h; do
    code=0
    case $op in
      facts) facts "$a" ;;
      move) move "$a" "$b" "$c" "$d" "$e" "$f" "$g" "$h" || code=$? ;;
      renew) renew "$a" "$b" || code=$? ;;
      *) say "unknown: $op"; code=2 ;;
    esac
    say ".$code"
  done
}

operation=$1
shift
$operation "$@"
`;

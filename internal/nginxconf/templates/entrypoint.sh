#!/bin/sh
# Starts NGINX with the routes that lie beside this file and with what the
# environment says. It writes everything into PORTICO_RUN_DIR and then becomes
# NGINX, so that the container's stop signal reaches NGINX itself.
#
#   PORTICO_HOME           where the routes lie           default: beside this file
#   PORTICO_RUN_DIR        a directory to write to        default: /tmp/portico
#   PORTICO_LISTEN         [address:]port                 default: 8443
#   PORTICO_UPSTREAMS      address:port[,address:port]    required
#   PORTICO_ENDPOINT_NAME  the endpoint's DNS name        required
#   PORTICO_CA_FILE        trusted certificates, PEM      default: the system's bundle
#   PORTICO_WORKERS        a number, or auto              default: auto
#   PORTICO_CLIENT_ADDRESS peer, forwarded, proxy-protocol: see below   default: peer
#   PORTICO_PASS_HEADERS   name[,name]                    default: none
#   PORTICO_CLIENT_REQUESTS a number: see below            default: by the memory
#   PORTICO_ERROR_LEVEL    of messages about requests     default: error
#   PORTICO_LOG_SAMPLE     1 to 100: see below            default: every request is logged
#
# PORTICO_CLIENT_ADDRESS says where the caller's address is: peer, the other end
# of the connection; forwarded, the last entry of X-Forwarded-For, behind an ALB;
# proxy-protocol, what an NLB says by proxy protocol on PORTICO_LISTEN's port plus 1.
# PORTICO_CLIENT_REQUESTS is how many requests one caller may have under way; peer,
# and the port without proxy protocol, know no callers.
# PORTICO_PASS_HEADERS names headers of headers.conf that pass as they arrive,
# since something trusted in front sets them.
# PORTICO_LOG_SAMPLE is how many percent of the requests are logged that are answered
# 200 to 399 within a second; all others are. A line says how many requests it stands
# for (weight), and whether it is of the percent, which are drawn from all (sampled).
#
# IPv6 addresses are written in brackets. Messages below error may quote what
# callers sent, which may hold secrets.
set -eu
umask 077

mistakes=0

complain() {
    echo "portico: $*" >&2
    mistakes=1
}

give_up() {
    echo "portico: $*" >&2
    exit 1
}

is_number() { # text lowest highest
    case $1 in
    '' | 0?* | *[!0-9]* | ??????*) return 1 ;;
    esac
    [ "$1" -ge "$2" ] && [ "$1" -le "$3" ]
}

is_ipv4() {
    case $1 in
    *[!0-9.]* | *..* | .* | *. | *.*.*.*.*) return 1 ;;
    *.*.*.*) ;;
    *) return 1 ;;
    esac
    octets=$1.
    while [ -n "$octets" ]; do
        is_number "${octets%%.*}" 0 255 || return 1
        octets=${octets#*.}
    done
}

is_ipv6() {
    case $1 in
    '['*[!0-9A-Fa-f:.]*']') return 1 ;;
    '['*:*:*']') return 0 ;;
    *) return 1 ;;
    esac
}

is_address_and_port() {
    case $1 in
    *:*) ;;
    *) return 1 ;;
    esac
    is_number "${1##*:}" 1 65535 || return 1
    is_ipv4 "${1%:*}" || is_ipv6 "${1%:*}"
}

is_dns_name() {
    case $1 in
    '' | .* | *. | *..* | -* | *- | *.-* | *-.* | *[!0-9A-Za-z.-]*) return 1 ;;
    *.*) [ ${#1} -le 253 ] ;;
    *) return 1 ;;
    esac
}

is_plain_path() {
    case $1 in
    *[!0-9A-Za-z._/+@%,=:~#-]*) return 1 ;;
    /*) return 0 ;;
    *) return 1 ;;
    esac
}

system_ca_file() {
    for file in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt \
        /etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem /etc/ssl/ca-bundle.pem /etc/ssl/cert.pem; do
        if [ -r "$file" ]; then
            echo "$file"
            return
        fi
    done
}

# A container's share of the processors, rounded up: NGINX's "auto" counts the
# host's.
count_workers() {
    cpus=$(getconf _NPROCESSORS_ONLN 2>/dev/null || nproc 2>/dev/null || echo 1)
    quota=max
    period=100000
    if [ -r /sys/fs/cgroup/cpu.max ]; then
        read -r quota period </sys/fs/cgroup/cpu.max || quota=max
    elif [ -r /sys/fs/cgroup/cpu/cpu.cfs_quota_us ] && [ -r /sys/fs/cgroup/cpu/cpu.cfs_period_us ]; then
        read -r quota </sys/fs/cgroup/cpu/cpu.cfs_quota_us || quota=max
        read -r period </sys/fs/cgroup/cpu/cpu.cfs_period_us || quota=max
    fi
    case $quota$period in
    *[!0-9]*) ;;
    *)
        share=$(((quota + period - 1) / period))
        if [ "$share" -ge 1 ] && [ "$share" -lt "$cpus" ]; then
            cpus=$share
        fi
        ;;
    esac
    echo "$cpus"
}

# The container's memory in MiB, or the machine's where that is less.
count_memory() {
    memory=$(sed -n 's/^MemTotal: *\([0-9]*\) kB$/\1/p' /proc/meminfo 2>/dev/null)
    memory=$((${memory:-1048576} / 1024))
    for file in /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes; do
        if limit=$(cat "$file" 2>/dev/null) && [ "$limit" != max ] && [ "${#limit}" -le 15 ] && [ $((limit / 1048576)) -lt "$memory" ]; then
            memory=$((limit / 1048576))
        fi
    done
    echo "$memory"
}

between() { # number lowest highest
    if [ "$1" -lt "$2" ]; then echo "$2"; elif [ "$1" -gt "$3" ]; then echo "$3"; else echo "$1"; fi
}

# free_room prints the run directory's free and whole space in MiB.
free_room() {
    set -- $(df -Pk "$run" 2>/dev/null | tail -n 1)
    echo "$((${4:-16777216} / 1024)) $((${2:-16777216} / 1024))"
}

# watch_room keeps the file that health checks look for while there is room for
# more bodies, until NGINX, which this shell becomes, ends.
watch_room() {
    while sleep 2 && kill -0 $$; do
        room=$(free_room)
        if [ "${room% *}" -lt "$(between $((${room#* } / 10)) 1 32)" ]; then
            rm -f "$run/room"
        else
            : >"$run/room"
        fi
    done
}

# passable prints a header's name as headers.conf spells it, if it may pass.
passable() { # name
    case $1 in
    '' | *[!0-9A-Za-z-]*) return 1 ;;
    esac
    sed -n 's/^# passable: //p' "$home/headers.conf" 2>/dev/null | grep -i -x -e "$1"
}

# weight is 100 by a percentage, with 4 decimals at most.
weight() { # percentage
    share=$(((1000000 + $1 / 2) / $1))
    printf '%d.%04d' $((share / 10000)) $((share % 10000)) | sed 's/\.\{0,1\}0*$//'
}

# --- what the environment says ---

beside=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
home=${PORTICO_HOME:-$beside}
run=${PORTICO_RUN_DIR:-/tmp/portico}
listen=${PORTICO_LISTEN:-8443}
upstreams=${PORTICO_UPSTREAMS:-}
endpoint=${PORTICO_ENDPOINT_NAME:-}
ca_file=${PORTICO_CA_FILE:-$(system_ca_file)}
workers=${PORTICO_WORKERS:-auto}
client=${PORTICO_CLIENT_ADDRESS:-peer}
pass=${PORTICO_PASS_HEADERS:-}
client_requests=${PORTICO_CLIENT_REQUESTS:-}
error_level=${PORTICO_ERROR_LEVEL:-error}
sample=${PORTICO_LOG_SAMPLE:-}

if ! is_plain_path "$home" || [ ! -r "$home/nginx.conf" ]; then
    complain "PORTICO_HOME is '$home': give the absolute path of the directory that holds nginx.conf"
fi
if ! is_plain_path "$run"; then
    complain "PORTICO_RUN_DIR is '$run': give the absolute path of a directory that can be written, without spaces or quotes"
elif [ -e "$run/entrypoint.sh" ]; then
    # The nginx.conf that is written there would replace the context's own.
    complain "PORTICO_RUN_DIR is '$run': it holds a rendered context, so give another directory"
fi
if ! is_number "$listen" 1 65535 && ! is_address_and_port "$listen"; then
    complain "PORTICO_LISTEN is '$listen': give a port or address:port, such as 8443 or 127.0.0.1:8443"
fi
servers=
rest=$upstreams,
while [ -n "$rest" ]; do
    server=${rest%%,*}
    rest=${rest#*,}
    if is_address_and_port "$server"; then
        servers="$servers $server"
    else
        complain "PORTICO_UPSTREAMS holds '$server': give the endpoint's addresses, such as 10.0.1.10:443,10.0.2.10:443"
    fi
done
if ! is_dns_name "$endpoint"; then
    complain "PORTICO_ENDPOINT_NAME is '$endpoint': give the DNS name of the execute-api VPC endpoint"
fi
if [ -z "$ca_file" ]; then
    complain "PORTICO_CA_FILE is not set and the system has no bundle of trusted certificates: install ca-certificates or set it"
elif ! is_plain_path "$ca_file" || [ ! -r "$ca_file" ]; then
    complain "PORTICO_CA_FILE is '$ca_file': give the absolute path of a readable PEM file"
fi
if [ "$workers" = auto ]; then
    workers=$(count_workers)
elif ! is_number "$workers" 1 512; then
    complain "PORTICO_WORKERS is '$workers': give a number from 1 to 512, or auto"
fi
case $client in
peer | forwarded) ;;
proxy-protocol)
    if is_number "${listen##*:}" 65535 65535; then
        complain "PORTICO_LISTEN is '$listen': give a lower port, since the next one is for the proxy protocol"
    fi
    ;;
*) complain "PORTICO_CLIENT_ADDRESS is '$client': give peer, forwarded or proxy-protocol" ;;
esac
if [ -n "$client_requests" ] && ! is_number "$client_requests" 1 65535; then
    complain "PORTICO_CLIENT_REQUESTS is '$client_requests': give a number from 1 to 65535"
fi
passed=
rest=$pass,
while [ -n "$pass" ] && [ -n "$rest" ]; do
    name=${rest%%,*}
    rest=${rest#*,}
    if known=$(passable "$name"); then
        passed="$passed $known"
    else
        complain "PORTICO_PASS_HEADERS holds '$name': give names that headers.conf says may pass, such as X-Real-IP,X-Forwarded-Host"
    fi
done
case $error_level in
debug | info | notice | warn | error | crit | alert | emerg) ;;
*) complain "PORTICO_ERROR_LEVEL is '$error_level': give one of info, notice, warn, error, crit, alert, emerg" ;;
esac
if [ -n "$sample" ] && ! is_number "$sample" 1 100; then
    complain "PORTICO_LOG_SAMPLE is '$sample': give a percentage from 1 to 100"
fi
image='use a base image that has it, such as the Debian image of NGINX'
command -v nginx >/dev/null || complain "nginx is not on PATH: $image"
echo | sed -u p >/dev/null 2>&1 || complain "sed -u does not work: $image"
command -v openssl >/dev/null || complain "openssl is not on PATH: $image"
[ "$mistakes" = 0 ] || exit 1

# --- what NGINX reads ---

mkdir -p "$run" && [ -w "$run" ] || give_up "PORTICO_RUN_DIR is '$run': it can't be written by user $(id -u)"
rm -f "$run/context"
ln -s "$home" "$run/context"

# A caller that sends its body slowly takes 150 KiB. A quarter of the memory stays.
requests=$(between $(($(count_memory) * 1024 * 3 / 4 / 150)) 1024 65536)
echo "worker_connections $(between $((requests / workers)) 512 8192);" >"$run/events.conf"
room=$(free_room)
# Bodies that are kept in files have 10 MiB each at most.
bodies=$(between $((${room% *} * 3 / 4 / 10)) 2 65535)

{
    # NGINX makes root's workers another user, who can't reach what root
    # prepared. The image never runs as root.
    if [ "$(id -u)" = 0 ]; then
        echo 'user root root;'
    fi
    echo "worker_processes $workers;"
    echo 'include context/nginx.conf;'
} >"$run/nginx.conf"

# NGINX opens its log by name, as no socket allows, nor a pipe of another user:
# then a child copies from a pipe to the standard output.
log=/dev/stdout
if ! (: >>"$log") 2>/dev/null; then
    log=$run/log
    rm -f "$log"
    mkfifo "$log" || give_up "PORTICO_RUN_DIR is '$run': it can't hold a pipe"
fi

# NGINX ends each message about a request with the request line, whose query may
# hold secrets. A child leaves the ends out, and what an expression could not be
# matched with, and makes text of bytes that are not.
errors=$run/errors
rm -f "$errors"
mkfifo "$errors" || give_up "PORTICO_RUN_DIR is '$run': it can't hold a pipe"

{
    for server in $servers; do
        echo "server $server max_fails=1 fail_timeout=5s;"
    done
    # The same addresses once more, never put aside: an API that exceeds its
    # timeout counts as a failure of its address, and without these two slow
    # calls would take every other API away.
    case $servers in
    ' '*' '*)
        for server in $servers; do
            echo "server $server max_fails=0 backup;"
        done
        ;;
    esac
} >"$run/addresses.conf"

# The endpoint's ID is the beginning of its name, up to the second hyphen.
endpoint_id=${endpoint%%.*}
case $endpoint_id in
vpce-*-*) endpoint_id=${endpoint_id%"-${endpoint_id#vpce-*-}"} ;;
esac

# Headers that pass lose the line that removes them, or get a map to the proxy's own.
cp "$home/headers.conf" "$run/headers.conf"
passed_maps=
for name in $passed; do
    own=$(sed -n "s/^proxy_set_header $name \([^\"].*\);\$/\1/p" "$run/headers.conf")
    if [ -z "$own" ]; then
        change="/^proxy_set_header $name \"\";\$/d"
    else
        variable=$(echo "$name" | tr 'A-Z-' 'a-z_')
        change="s/^\(proxy_set_header $name\) .*/\1 \$portico_passed_$variable;/"
        passed_maps="${passed_maps}map \$http_$variable \$portico_passed_$variable { default \$http_$variable; \"\" $own; }
"
    fi
    sed "$change" "$run/headers.conf" >"$run/headers.new"
    mv "$run/headers.new" "$run/headers.conf"
done

{
    echo 'upstream portico {'
    echo '    zone portico 256k;'
    echo '    include addresses.conf;'
    echo '    keepalive 256;'
    echo '    keepalive_requests 1000000;'
    echo '    keepalive_timeout 60s;'
    echo '}'
    echo "proxy_ssl_name $endpoint;"
    echo "proxy_ssl_trusted_certificate \"$ca_file\";"
    echo "proxy_set_header Host $endpoint;"
    echo "map '' \$portico_endpoint { default $endpoint; }"
    echo "map '' \$portico_endpoint_id { default $endpoint_id; }"
    printf %s "$passed_maps"
    if [ "$client" = forwarded ]; then
        # The load balancer may add the port. The first is a shortcut.
        echo 'map $http_x_forwarded_for $portico_client {'
        echo '    default $remote_addr;'
        echo '    "" $remote_addr;'
        echo '    "~^([0-9.]++)(?<=(?s:.{7}))(?<!(?s:.{16}))$" $1;'
        echo '    "~^(?:.*[, ])?([0-9.]{7,15})(?::[0-9]+)?$" $1;'
        echo '    "~^(?:.*[, ])?\[?([0-9A-Fa-f:.]{2,45})(?:\]:[0-9]+|\])?$" $1;'
        echo '}'
    fi
    # A request ID is random, so that no caller chooses what is logged.
    if [ -n "$sample" ]; then
        echo "split_clients \$request_id \$portico_sampled { $sample% 1; * 0; }"
        echo 'map "$portico_sampled $status $request_time" $portico_weight {'
        echo '    default 1;'
        echo '    "~^0 [23].. 0[.]" 0;'
        echo "    \"~^1 [23].. 0[.]\" $(weight "$sample");"
        echo '}'
    fi
    # A pipe takes 4 KiB in one piece (PIPE_BUF), so lines don't mix.
    echo 'include log.conf;'
    echo "access_log \"$log\" portico buffer=4k flush=1s${sample:+ if=\$portico_weight};"
    echo "error_log stderr $error_level;"
} >"$run/upstream.conf"

address='$remote_addr'
[ "$client" != forwarded ] || address='$portico_client'
weighed=
[ -z "$sample" ] || weighed='"weight":$portico_weight,"sampled":$portico_sampled,'
sed -e 's/\$portico_client/'"$address/" -e 's/"status":/'"$weighed&/" "$home/log.conf" >"$run/log.conf"

# Before NGINX 1.23 a variable holds one line of several: Link passes.
case $(nginx -v 2>&1) in
*/0.* | */1.[0-9].* | */1.1[0-9].* | */1.2[0-2].*) : >"$run/link.conf" ;;
*)
    echo 'proxy_hide_header Link;' >"$run/link.conf"
    echo 'add_header Link $portico_link always;' >>"$run/link.conf"
    ;;
esac

# One caller may have an eighth of the requests under way, or a third of the bodies
# in files. In peer mode, and without proxy protocol, all have the balancer's address.
case $client in
peer) key='' ;;
forwarded) key='$portico_client' ;;
*) key='$proxy_protocol_addr' ;;
esac
{
    echo 'limit_conn_zone $portico_body zone=portico_bodies:32k;'
    echo "limit_conn portico_bodies $bodies;"
    if [ -n "$key" ]; then
        share=$(between $((requests / 8)) 1 $((bodies / 3 + 1)))
        echo "limit_conn_zone $key zone=portico_clients:4m;"
        echo "limit_conn portico_clients ${client_requests:-$(between "$share" 64 65535)};"
    fi
} >"$run/limits.conf"
echo "if (!-f \"$run/room\") { return 503 '{\"status\":\"no room on the disk\"}'; }" >"$run/health.conf"
: >"$run/room"

{
    echo "listen $listen ssl default_server reuseport backlog=4096;"
    if [ "$client" = proxy-protocol ]; then
        port=${listen##*:}
        echo "listen ${listen%"$port"}$((port + 1)) ssl proxy_protocol default_server reuseport backlog=4096;"
        # Only the load balancer reaches the task.
        echo 'set_real_ip_from 0.0.0.0/0;'
        echo 'set_real_ip_from ::/0;'
        echo 'real_ip_header proxy_protocol;'
    fi
} >"$run/listen.conf"

# Load balancers verify no target, so a key serves that the task makes.
cat >"$run/openssl.cnf" <<END
[req]
distinguished_name = name
x509_extensions = extensions
prompt = no
[name]
CN = portico
[extensions]
subjectAltName = DNS:portico
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
END
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -sha256 -days 3650 \
    -config "$run/openssl.cnf" -keyout "$run/tls.key" -out "$run/tls.crt" 2>"$run/openssl.log" ||
    give_up "openssl can't make a key: $(cat "$run/openssl.log")"

# As many open files as the task may have: a proxied request takes two.
ulimit -n "$(ulimit -H -n)" 2>/dev/null || true

# A child ends when the last process has gone that holds its pipe's other end,
# which NGINX takes over, even if it stops before it opens its logs.
# Before 1.23 messages on the proxy protocol quote lines.
LC_ALL=C sed -u -e '/broken header: "/{
:m
/" while reading PROXY\|.\{2000\}/!{ N; b m
}
s/: ".*/ while reading PROXY protocol/
}' -e 's/, client: .*//' -e 's/\(pcre[0-9a-z_]*() failed: [^ ]*\) on .*/\1/' -e 's/[^ -~]/?/g' -e 's/^\(.\{2000\}\).*/\1/' <"$errors" >&2 &
exec 2>"$errors"
if [ "$log" != /dev/stdout ]; then
    cat <"$log" &
    exec 9>"$log"
fi

watch_room </dev/null >/dev/null 2>&1 &

# From glibc 2.42 on this keeps a request's large pieces for the next.
export GLIBC_TUNABLES=glibc.malloc.tcache_max=65536
exec nginx -p "$run/" -c "$run/nginx.conf" -g 'daemon off;'

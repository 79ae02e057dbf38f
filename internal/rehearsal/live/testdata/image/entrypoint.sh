#!/bin/sh
# The smallest proxy that keeps the contract of the image's entrypoint.
set -eu
umask 077
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=proxy \
	-keyout "$PORTICO_RUN_DIR/key.pem" -out "$PORTICO_RUN_DIR/cert.pem" 2>/dev/null
servers=$(echo "$PORTICO_UPSTREAMS" | tr , '\n' | sed 's/.*/server &;/')
by_protocol=
if [ "${PORTICO_CLIENT_ADDRESS:-}" = proxy-protocol ]; then
	by_protocol="listen ${PORTICO_LISTEN%:*}:$((${PORTICO_LISTEN##*:} + 1)) ssl proxy_protocol; set_real_ip_from 0.0.0.0/0; real_ip_header proxy_protocol;"
fi
cat >"$PORTICO_RUN_DIR/nginx.conf" <<CONF
worker_processes $PORTICO_WORKERS;
daemon off;
pid $PORTICO_RUN_DIR/nginx.pid;
error_log stderr;
events {}
http {
	log_format logged escape=json '{"time":"\$time_iso8601","status":\$status,"request":"\$request","agent":"\$http_user_agent"}';
	access_log /dev/stdout logged buffer=4k flush=1s;
	client_body_temp_path $PORTICO_RUN_DIR/body;
	proxy_temp_path $PORTICO_RUN_DIR/proxy;
	fastcgi_temp_path $PORTICO_RUN_DIR/fastcgi;
	uwsgi_temp_path $PORTICO_RUN_DIR/uwsgi;
	scgi_temp_path $PORTICO_RUN_DIR/scgi;
	underscores_in_headers on;
	upstream endpoint { $servers }
	server {
		listen $PORTICO_LISTEN ssl;
		$by_protocol
		ssl_certificate $PORTICO_RUN_DIR/cert.pem;
		ssl_certificate_key $PORTICO_RUN_DIR/key.pem;
		location = /healthz { access_log off; return 200; }
		location / {
			set \$target /v1\$request_uri;
			proxy_pass https://endpoint\$target;
			proxy_ssl_server_name on;
			proxy_ssl_name $PORTICO_ENDPOINT_NAME;
			proxy_ssl_verify on;
			proxy_ssl_trusted_certificate $PORTICO_CA_FILE;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
			proxy_set_header Host $PORTICO_ENDPOINT_NAME;
			proxy_set_header x-apigw-api-id abc123;
			proxy_set_header Referer \$host;
			proxy_set_header X-Client \$remote_addr;
		}
	}
}
CONF
exec nginx -c "$PORTICO_RUN_DIR/nginx.conf" -e stderr

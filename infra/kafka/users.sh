# Gives each name=password of SCRAM_USERS its credentials, inside the broker's own container, where the
# loopback listener asks nobody who he is. Can be run again; a new password replaces the old one.
set -euo pipefail
IFS=,
for user in $SCRAM_USERS; do
  /opt/kafka/bin/kafka-configs.sh --bootstrap-server 127.0.0.1:9094 --alter \
    --entity-type users --entity-name "${user%%=*}" \
    --add-config "SCRAM-SHA-512=[password=${user#*=}]"
done

#!/bin/sh
# LocalStack starts DynamoDB with an agent that lifts a limit on indexes; it is not to be had.
for argument do
    shift
    case $argument in -javaagent:*) ;; *) set -- "$@" "$argument" ;; esac
done
# It lives for minutes: what makes it start sooner is worth more than what makes it faster.
exec /usr/lib/localstack/java/21/runtime/bin/java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC "$@"

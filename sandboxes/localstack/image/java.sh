#!/bin/sh
# LocalStack starts DynamoDB with an agent that lifts a limit on indexes; it is not to be had.
for argument do
    shift
    case $argument in -javaagent:*) ;; *) set -- "$@" "$argument" ;; esac
done
exec /usr/lib/localstack/java/21/runtime/bin/java "$@"

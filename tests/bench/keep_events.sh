#!/bin/sh
# In the trainer's place (RECKON_NATIVE_CLI): keeps the events file that the command hands it and answers
# with an empty document. Whatever has no file, as the command's check of its settings, goes to the trainer.
if [ -f "$2" ]; then
    cp "$2" "$KEEP_EVENTS_AS" && echo '{}'
else
    exec "$KEEP_EVENTS_TRAINER" "$@"
fi

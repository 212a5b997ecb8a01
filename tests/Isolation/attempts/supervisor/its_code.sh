if (echo >>/podflare/guest/main.py) 2>/dev/null; then echo "broken: the guest was changed"; exit; fi
if touch /podflare/guest/x 2>/dev/null; then echo "broken: a file was added to the guest"; exit; fi
echo held

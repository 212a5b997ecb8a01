# The last layers of every sandbox image. BASE is the image with the template's own layers.
#
# eng/build-images.sh and `podflare template build` build this on top of a template's Dockerfile, so that a template need not
# care. An image that was finished before stays as it is.
ARG BASE
FROM ${BASE}

# A base may end as another user; the guest's supervisor starts as root and becomes an unprivileged user by itself.
USER root
# The environment of a sandbox. It replaces what the base has set. A Debian Python asks that its own packages be left alone; pip can
# install nothing but in the home here.
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
    PIP_BREAK_SYSTEM_PACKAGES=1 PIP_DISABLE_PIP_VERSION_CHECK=1

RUN set -eu; \
    for program in python3 bash; do \
      command -v "$program" >/dev/null || { echo "the image has no $program in $PATH" >&2; exit 1; }; \
    done; \
    command -v python >/dev/null || ln -s "$(command -v python3)" /usr/local/bin/python

# uid 1000, under whatever name a base may have given it, becomes `user` with its home in /root, or where the template says: clients
# of sandboxes write to /root, and also look into /workspace and /home/user. At run time a tmpfs of that user lies over the home.
ARG USER_HOME=/root
RUN set -eu; \
    sed -i -e '/^user:/d' -e '/^[^:]*:[^:]*:1000:/d' /etc/passwd /etc/group; \
    echo "user:x:1000:1000:user:$USER_HOME:/bin/bash" >> /etc/passwd; \
    echo 'user:x:1000:' >> /etc/group; \
    if [ -n "$(ls /root)" ]; then \
      echo "warning: the files that the image has in /root are not visible in a sandbox, whose home is empty: put them elsewhere, for example in /opt" >&2; \
    fi; \
    mkdir -p /home; \
    [ "$USER_HOME" = /root ] || rm -rf /root; \
    for link in /workspace /home/user /root; do \
      [ "$link" != "$USER_HOME" ] || continue; \
      if [ -d "$link" ] && [ ! -L "$link" ]; then \
        rmdir "$link" || { echo "the image has files in $link, which is a link to $USER_HOME in a sandbox: put them elsewhere, for example in /opt" >&2; exit 1; }; \
      fi; \
      ln -sfn "$USER_HOME" "$link"; \
    done; \
    mkdir -p "$USER_HOME"; \
    chown 1000:1000 "$USER_HOME"; \
    chmod 755 "$USER_HOME"

# No program gains privileges by being executed. A sandbox does not honour these bits anyway.
RUN find / -xdev -type f -perm /6000 -exec chmod ug-s {} +

# Some images leave out the compiled standard library. On a read-only file system, each start would compile it anew.
RUN python3 -m compileall -q -x '/(test|tests|idlelib)/' "$(python3 -c 'import os; print(os.path.dirname(os.__file__))')" >/dev/null || true

WORKDIR ${USER_HOME}
HEALTHCHECK NONE
ENTRYPOINT []
CMD ["python3"]

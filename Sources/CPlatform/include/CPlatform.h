/* The few lines of C that Swift cannot say. */
#ifndef CEREMONY_CPLATFORM_H
#define CEREMONY_CPLATFORM_H

#include <stdint.h>
#include <sys/types.h>

#include "terminal.h"

/* Who was at the other end of a Unix socket when it connected (SO_PEERCRED).
   glibc shows `struct ucred` only behind a feature macro, which Swift cannot set. */
struct ceremony_peer {
    pid_t pid;
    uid_t uid;
    gid_t gid;
};

/* Fills `peer`. Returns 0, or -1 with errno set. */
int ceremony_peer_of(int fd, struct ceremony_peer *peer);

/* Accepts a connection that is closed on exec and does not block. Returns the descriptor, or -1
   with errno set. */
int ceremony_accept(int listener);

/* Opens an event descriptor (eventfd(2), closed on exec) that becomes readable, and stays so, once
   ceremony_event_raise was called. Returns the descriptor, or -1 with errno set. */
int ceremony_event_open(void);
void ceremony_event_raise(int event);

/* Puts the crash signals back to their default (Swift's crash handler prints what registers point
   to, and that can be a PIN), forbids core dumps and other processes' looks into this one
   (PR_SET_DUMPABLE 0, RLIMIT_CORE 0), ignores SIGPIPE. Returns 0, or -1 with errno set. */
int ceremony_harden_process(void);

#endif

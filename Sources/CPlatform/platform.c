#define _GNU_SOURCE
#include "CPlatform.h"

#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

_Static_assert(sizeof(struct ceremony_peer) == sizeof(struct ucred), "ucred has changed");

int ceremony_peer_of(int fd, struct ceremony_peer *peer) {
    struct ucred credentials;
    socklen_t length = sizeof(credentials);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) return -1;
    peer->pid = credentials.pid;
    peer->uid = credentials.uid;
    peer->gid = credentials.gid;
    return 0;
}

int ceremony_accept(int listener) {
    return accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

int ceremony_event_open(void) {
    return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

void ceremony_event_raise(int event) {
    /* It can only fail when the counter is full, and then the event is raised already. */
    (void)!eventfd_write(event, 1);
}

int ceremony_harden_process(void) {
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGQUIT};
    for (unsigned i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++) {
        if (signal(crashes[i], SIG_DFL) == SIG_ERR) return -1;
    }
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) return -1;
    struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0) return -1;
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

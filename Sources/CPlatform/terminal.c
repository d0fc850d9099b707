/* Asking for a secret without echo, and never leaving a terminal behind that does not echo. */
#define _GNU_SOURCE
#include "terminal.h"

#include <errno.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static const int endings[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGALRM};
enum { ENDINGS = sizeof(endings) / sizeof(endings[0]) };

static struct sigaction before_us[ENDINGS];
static struct termios shown;
static volatile sig_atomic_t hidden_fd = -1;

int ceremony_terminal_columns(int fd) {
    struct winsize size = {0};
    if (ioctl(fd, TIOCGWINSZ, &size) != 0) return 0;
    return size.ws_col;
}

/* tcsetattr, signal and raise are async-signal-safe (POSIX.1-2017, 2.4.3). */
static void put_back_and_die(int signal_number) {
    if (hidden_fd >= 0) tcsetattr(hidden_fd, TCSANOW, &shown);
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

int ceremony_terminal_hide(int fd) {
    if (hidden_fd >= 0) {
        errno = EBUSY;
        return -1;
    }
    if (tcgetattr(fd, &shown) != 0) return -1;
    hidden_fd = fd;
    struct sigaction ending = {.sa_handler = put_back_and_die};
    sigemptyset(&ending.sa_mask);
    for (int i = 0; i < ENDINGS; i++) {
        sigaction(endings[i], 0, &before_us[i]);
        /* Whoever had a signal ignored (nohup) keeps it ignored. */
        if (before_us[i].sa_handler != SIG_IGN) sigaction(endings[i], &ending, 0);
    }
    struct termios hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON);
    hidden.c_cc[VMIN] = 1;
    hidden.c_cc[VTIME] = 0;
    /* Suspending would leave the shell without echo. */
    hidden.c_cc[VSUSP] = _POSIX_VDISABLE;
    if (tcsetattr(fd, TCSAFLUSH, &hidden) != 0) {
        int why = errno;
        ceremony_terminal_show();
        errno = why;
        return -1;
    }
    return 0;
}

void ceremony_terminal_show(void) {
    if (hidden_fd < 0) return;
    tcsetattr(hidden_fd, TCSAFLUSH, &shown);
    for (int i = 0; i < ENDINGS; i++) sigaction(endings[i], &before_us[i], 0);
    hidden_fd = -1;
}

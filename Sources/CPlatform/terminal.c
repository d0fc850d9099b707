/* Asking for a secret without echo, drawing on a whole screen, and never leaving a terminal behind
   that does not echo or shows the wrong screen. */
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

int ceremony_terminal_rows(int fd) {
    struct winsize size = {0};
    if (ioctl(fd, TIOCGWINSZ, &size) != 0) return 0;
    return size.ws_row;
}

/* What ends a process: also what a crash raises, because nobody can type `reset` blindly. */
static const int crashes[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGALRM, SIGPIPE, SIGILL,
                              SIGTRAP, SIGABRT, SIGSEGV, SIGBUS,  SIGFPE,  SIGUSR1, SIGUSR2,
                              SIGXCPU, SIGVTALRM, SIGPROF, SIGSYS, SIGIO};
enum { CRASHES = sizeof(crashes) / sizeof(crashes[0]) };

static struct sigaction before_screen[CRASHES];
static struct sigaction stop_before_screen, size_before_screen;
static struct termios before_screen_settings;
static volatile sig_atomic_t screen_fd = -1;
static volatile sig_atomic_t was_resized = 0;

/* Second screen, no cursor; colours off, cursor, first screen. */
static const char enter[] = "\033[?1049h\033[?25l\033[H\033[2J";
static const char leave[] = "\033[0m\033[?25h\033[?1049l";

static void write_whole(int fd, const char *text, size_t size) {
    while (size > 0) {
        ssize_t count = write(fd, text, size);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return;
        text += count;
        size -= (size_t)count;
    }
}

/* write, tcsetattr, signal and raise are async-signal-safe. */
static void leave_and_die(int signal_number) {
    int fd = screen_fd;
    if (fd >= 0) {
        write_whole(fd, leave, sizeof(leave) - 1);
        tcsetattr(fd, TCSANOW, &before_screen_settings);
    }
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void note_size(int signal_number) {
    (void)signal_number;
    was_resized = 1;
}

int ceremony_screen_enter(int fd) {
    if (screen_fd >= 0 || hidden_fd >= 0) {
        errno = EBUSY;
        return -1;
    }
    if (tcgetattr(fd, &before_screen_settings) != 0) return -1;
    struct termios settings = before_screen_settings;
    settings.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON);
    settings.c_cc[VMIN] = 1;
    settings.c_cc[VTIME] = 0;
    /* Suspending would leave the shell on the second screen. */
    settings.c_cc[VSUSP] = _POSIX_VDISABLE;
    screen_fd = fd;
    struct sigaction ending = {.sa_handler = leave_and_die};
    sigemptyset(&ending.sa_mask);
    for (int i = 0; i < CRASHES; i++) {
        sigaction(crashes[i], 0, &before_screen[i]);
        /* Whoever had a signal ignored (nohup) keeps it ignored. */
        if (before_screen[i].sa_handler != SIG_IGN) sigaction(crashes[i], &ending, 0);
    }
    struct sigaction ignored = {.sa_handler = SIG_IGN};
    sigaction(SIGTSTP, &ignored, &stop_before_screen);
    /* Without SA_RESTART: a wait for keys ends with a change of size. */
    struct sigaction resized = {.sa_handler = note_size};
    sigaction(SIGWINCH, &resized, &size_before_screen);
    if (tcsetattr(fd, TCSAFLUSH, &settings) != 0) {
        int why = errno;
        ceremony_screen_leave();
        errno = why;
        return -1;
    }
    write_whole(fd, enter, sizeof(enter) - 1);
    return 0;
}

int ceremony_screen_resized(void) {
    int resized = was_resized;
    was_resized = 0;
    return resized;
}

void ceremony_screen_leave(void) {
    int fd = screen_fd;
    if (fd < 0) return;
    write_whole(fd, leave, sizeof(leave) - 1);
    tcsetattr(fd, TCSAFLUSH, &before_screen_settings);
    screen_fd = -1;
    for (int i = 0; i < CRASHES; i++) sigaction(crashes[i], &before_screen[i], 0);
    sigaction(SIGTSTP, &stop_before_screen, 0);
    sigaction(SIGWINCH, &size_before_screen, 0);
}

#define _GNU_SOURCE
#include "testterminal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

int test_terminal_open(int columns, char *path, size_t size) {
    int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) return -1;
    struct winsize window = {.ws_row = 40, .ws_col = (unsigned short)columns};
    if (grantpt(fd) != 0 || unlockpt(fd) != 0 || ptsname_r(fd, path, size) != 0 ||
        ioctl(fd, TIOCSWINSZ, &window) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

int test_terminal_echoes(int fd) {
    struct termios settings;
    return tcgetattr(fd, &settings) == 0 && (settings.c_lflag & ECHO) != 0;
}

int test_terminal_resize(int fd, int columns, int rows) {
    struct winsize window = {
        .ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};
    return ioctl(fd, TIOCSWINSZ, &window);
}

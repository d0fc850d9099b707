/* Pseudo-terminals for tests: glibc shows their functions only behind a feature macro, which Swift
   cannot set. */
#ifndef CEREMONY_TESTTERMINAL_H
#define CEREMONY_TESTTERMINAL_H

#include <stddef.h>

/* Opens a pseudo-terminal `columns` wide and writes the path of its other side to `path`.
   Returns the descriptor of the side that sees the screen and types; -1 with errno set. */
int test_terminal_open(int columns, char *path, size_t size);

/* Whether the terminal behind the descriptor echoes what is typed. */
int test_terminal_echoes(int fd);

/* Gives the terminal another size, as a window does: the program on it is told by a signal. */
int test_terminal_resize(int fd, int columns, int rows);

#endif

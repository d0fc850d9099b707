/* The terminal, as far as Swift cannot reach it: ioctl is variadic, and what a signal handler may
   touch has to be plain C. */
#ifndef CEREMONY_TERMINAL_H
#define CEREMONY_TERMINAL_H

/* How many columns the terminal behind `fd` has; 0 where it does not say. */
int ceremony_terminal_columns(int fd);

/* Turns off echo and line editing on `fd` and drops what was typed ahead. Until
   ceremony_terminal_show(), a signal that ends the process first puts the terminal back.
   One terminal at a time. Returns 0, or -1 with errno set. */
int ceremony_terminal_hide(int fd);

/* Puts the terminal and the signal handlers back as they were. */
void ceremony_terminal_show(void);

/* How many rows the terminal behind `fd` has; 0 where it does not say. */
int ceremony_terminal_rows(int fd);

/* Switches `fd` to its second screen, without echo, line editing and cursor. Until
   ceremony_screen_leave(), whatever signal ends the process first puts the terminal back. One
   terminal at a time, and not while it is hidden. Returns 0, or -1 with errno set. */
int ceremony_screen_enter(int fd);

/* Whether the window has got another size since the last call. */
int ceremony_screen_resized(void);

/* Puts the first screen, the terminal's settings and the signal handlers back as they were. */
void ceremony_screen_leave(void);

#endif

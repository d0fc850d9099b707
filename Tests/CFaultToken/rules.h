/* The rules that a test gives the module, and which of them hold for a call (the grammar stands at
   the top of faulttoken.c). */

#ifndef FAULT_RULES_H
#define FAULT_RULES_H

#include <stdbool.h>

/* Several copies of the module may be in one process. */
#pragma GCC visibility push(hidden)

enum { FAULTS_MAX = 64, TEXT_MAX = 256, DIRECTORY_MAX = 3072, FILE_MAX = 8192, CALL_MAX = 8 };

/* One rule. */
struct fault {
    char function[40];
    char label[64];
    char action[20];
    char first[TEXT_MAX];
    char second[TEXT_MAX];
    unsigned long when; /* 0 for each */
    bool onwards;
    unsigned long calls;
};

/* The faults that hold for one call. */
struct call {
    const char *function;
    int count;
    struct fault faults[CALL_MAX];
};

/* The directory of the module. */
extern char directory[DIRECTORY_MAX];
/* Whether the device was pulled out, and the rules have not changed since. */
extern bool is_removed;

/* Writes a line into `calls`. */
void note(const char *format, ...);
/* Reads `faults` again; if it changed, all counting starts anew, and what was pulled out is
   back. */
void read_faults(void);
/* Whether a function is to be left out of the list. */
bool is_missing(const char *function);
/* Counts a call, and gives the rules that hold for it. `label` is that of the object which it is
   about; NULL where it is about none. */
struct call begin_about(const char *function, const char *label);
struct call begin(const char *function);
/* The rule with an action, if one holds. */
const struct fault *find(const struct call *call, const char *action);
/* Returns when the file has gone away, or was never there. */
void wait_until_gone(const struct call *call, const char *name);

#pragma GCC visibility pop

#endif

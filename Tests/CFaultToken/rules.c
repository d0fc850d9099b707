/* Reading the file `faults`, counting calls, and the file `calls`: what of the misbehaving is about
   no PKCS#11 function in particular. */

#define _GNU_SOURCE
#include "rules.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

char directory[DIRECTORY_MAX];
bool is_removed;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char read_last[FILE_MAX];
static struct fault faults[FAULTS_MAX];
static int fault_count;

static FILE *open_beside(const char *name, const char *mode) {
    char path[DIRECTORY_MAX + TEXT_MAX + 2];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return fopen(path, mode);
}

void note(const char *format, ...) {
    FILE *file = open_beside("calls", "a");
    if (!file) return;
    va_list arguments;
    va_start(arguments, format);
    vfprintf(file, format, arguments);
    va_end(arguments);
    fputc('\n', file);
    fclose(file);
}

void read_faults(void) {
    char text[FILE_MAX] = "";
    FILE *file = open_beside("faults", "r");
    if (file) {
        size_t length = fread(text, 1, sizeof text - 1, file);
        text[length] = 0;
        fclose(file);
    }
    if (strcmp(text, read_last) == 0) return;
    strcpy(read_last, text);
    fault_count = 0;
    is_removed = false;
    char *rest = text, *line;
    while ((line = strsep(&rest, "\n")) && fault_count < FAULTS_MAX) {
        struct fault *fault = &faults[fault_count];
        char when[20] = "";
        memset(fault, 0, sizeof *fault);
        if (line[0] == '#' || sscanf(line, "%39s %19s %19s %255s %255s", fault->function, when,
                                     fault->action, fault->first, fault->second) < 3)
            continue;
        char *label = strchr(fault->function, '@');
        if (label) {
            snprintf(fault->label, sizeof fault->label, "%s", label + 1);
            *label = 0;
        }
        fault->when = strtoul(when, NULL, 0);
        fault->onwards = when[strlen(when) - 1] == '+';
        fault_count++;
    }
}

bool is_missing(const char *function) {
    for (int i = 0; i < fault_count; i++)
        if (strcmp(faults[i].function, function) == 0 && strcmp(faults[i].action, "missing") == 0)
            return true;
    return false;
}

static bool names(const struct fault *fault, const char *function) {
    if (strcmp(fault->function, "*") == 0)
        return strcmp(function, "C_Initialize") != 0 && strcmp(function, "C_Finalize") != 0;
    return strcmp(fault->function, function) == 0;
}

struct call begin_about(const char *function, const char *label) {
    struct call call = {.function = function};
    pthread_mutex_lock(&lock);
    read_faults();
    for (int i = 0; i < fault_count && call.count < CALL_MAX; i++) {
        struct fault *fault = &faults[i];
        if (!names(fault, function)) continue;
        size_t length = strlen(fault->label);
        if (length && (!label || strncmp(label, fault->label, length) != 0)) continue;
        fault->calls++;
        if (fault->when == 0 || fault->when == fault->calls ||
            (fault->onwards && fault->calls > fault->when))
            call.faults[call.count++] = *fault;
    }
    pthread_mutex_unlock(&lock);
    return call;
}

struct call begin(const char *function) { return begin_about(function, NULL); }

const struct fault *find(const struct call *call, const char *action) {
    for (int i = 0; i < call->count; i++)
        if (strcmp(call->faults[i].action, action) == 0) return &call->faults[i];
    return NULL;
}

void wait_until_gone(const struct call *call, const char *name) {
    char path[DIRECTORY_MAX + TEXT_MAX + 2], events[4096];
    int changes = inotify_init1(IN_CLOEXEC);
    if (changes < 0) abort();
    snprintf(path, sizeof path, "%s/%s", directory, name);
    if (inotify_add_watch(changes, directory, IN_DELETE | IN_MOVED_FROM) < 0) abort();
    note("hangs %s", call->function);
    while (access(path, F_OK) == 0)
        if (read(changes, events, sizeof events) < 0) abort();
    close(changes);
}

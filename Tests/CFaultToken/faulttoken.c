/* A PKCS#11 module that wraps the one beside it (libsofthsm2.so in the same directory), writes down
   every call in the file `calls` there, and misbehaves as the file `faults` there says. Real tokens
   lock, vanish and refuse; SoftHSM does none of it, so tests make it.

   Each line of `faults` is FUNCTION WHEN ACTION. WHEN is the number of the call since the file last
   changed, or * for each. ACTION is one of
       rv CODE            answer with CODE and do not call
       after CODE         call, then answer with CODE
       flags BITS         set these flags in what C_GetTokenInfo gives
       clear BITS         take them away
       hide TYPE          leave the mechanism out of what C_GetMechanismList gives
       length N           give N as the length of the signature or of the count
       twice              list each slot twice (C_GetSlotList)
       missing            leave the function out of the list (read when the module is loaded)
       crash              end the process by touching page zero
       attribute TYPE CODE     C_GetAttributeValue: answer with CODE for this attribute
       attribute TYPE unavailable
       attribute TYPE HEXBYTES,  with two or more bytes: that value
       refuse TYPE CODE   C_GenerateKeyPair: answer with CODE if a template holds this attribute
       refuse TYPE=HEXBYTES CODE    ... with this value
   Numbers are decimal or 0x. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <p11-kit/pkcs11.h>

enum { FAULTS_MAX = 64, TEXT_MAX = 256, DIRECTORY_MAX = 3072, FILE_MAX = 8192 };

struct fault {
    char function[40];
    char action[20];
    char first[TEXT_MAX];
    char second[TEXT_MAX];
    unsigned long when; /* 0 for each */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static CK_FUNCTION_LIST *real;
static CK_FUNCTION_LIST list;
static char directory[DIRECTORY_MAX];
static char read_last[FILE_MAX];
static struct fault faults[FAULTS_MAX];
static int fault_count;
static struct {
    char function[40];
    unsigned long calls;
} counters[FAULTS_MAX];

static FILE *open_beside(const char *name, const char *mode) {
    char path[DIRECTORY_MAX + 64];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return fopen(path, mode);
}

static void note(const char *format, ...) {
    FILE *file = open_beside("calls", "a");
    if (!file) return;
    va_list arguments;
    va_start(arguments, format);
    vfprintf(file, format, arguments);
    va_end(arguments);
    fputc('\n', file);
    fclose(file);
}

/* Reads `faults` again; if it changed, all counting starts anew. */
static void read_faults(void) {
    char text[FILE_MAX] = "";
    FILE *file = open_beside("faults", "r");
    if (file) {
        size_t length = fread(text, 1, sizeof text - 1, file);
        text[length] = 0;
        fclose(file);
    }
    if (strcmp(text, read_last) == 0) return;
    strcpy(read_last, text);
    memset(counters, 0, sizeof counters);
    fault_count = 0;
    char *rest = text, *line;
    while ((line = strsep(&rest, "\n")) && fault_count < FAULTS_MAX) {
        struct fault *fault = &faults[fault_count];
        char when[20] = "";
        memset(fault, 0, sizeof *fault);
        if (sscanf(line, "%39s %19s %19s %255s %255s", fault->function, when, fault->action,
                   fault->first, fault->second) < 3)
            continue;
        fault->when = strtoul(when, NULL, 0);
        fault_count++;
    }
}

static unsigned long count(const char *function) {
    for (int i = 0; i < FAULTS_MAX; i++) {
        if (!counters[i].function[0]) snprintf(counters[i].function, 40, "%s", function);
        if (strcmp(counters[i].function, function) == 0) return ++counters[i].calls;
    }
    return 0;
}

/* The faults that hold for one call. */
struct call {
    int count;
    struct fault faults[8];
};

static struct call begin(const char *function) {
    struct call call = {0};
    pthread_mutex_lock(&lock);
    read_faults();
    unsigned long number = count(function);
    for (int i = 0; i < fault_count && call.count < 8; i++)
        if (strcmp(faults[i].function, function) == 0 &&
            (faults[i].when == 0 || faults[i].when == number))
            call.faults[call.count++] = faults[i];
    pthread_mutex_unlock(&lock);
    return call;
}

static const struct fault *find(const struct call *call, const char *action) {
    for (int i = 0; i < call->count; i++)
        if (strcmp(call->faults[i].action, action) == 0) return &call->faults[i];
    return NULL;
}

/* Whether the call is not to be made at all. */
static bool is_cut(const struct call *call, CK_RV *rv) {
    if (find(call, "crash")) {
        volatile int *nowhere = NULL;
        *nowhere = 1;
    }
    const struct fault *fault = find(call, "rv");
    if (fault) *rv = strtoul(fault->first, NULL, 0);
    return fault != NULL;
}

static CK_RV after(const struct call *call, CK_RV rv) {
    const struct fault *fault = find(call, "after");
    return fault ? strtoul(fault->first, NULL, 0) : rv;
}

static size_t unhex(const char *text, unsigned char *bytes) {
    size_t length = 0;
    unsigned value;
    while (sscanf(text + 2 * length, "%2x", &value) == 1 && length < TEXT_MAX / 2)
        bytes[length++] = (unsigned char)value;
    return length;
}

#define PASS(name, parameters, arguments)                                                          \
    static CK_RV fault_##name parameters {                                                         \
        CK_RV rv;                                                                                  \
        struct call call = begin("C_" #name);                                                      \
        note("C_" #name);                                                                          \
        if (is_cut(&call, &rv)) return rv;                                                         \
        return after(&call, real->C_##name arguments);                                             \
    }

PASS(Finalize, (void *reserved), (reserved))
PASS(GetInfo, (CK_INFO * info), (info))
PASS(GetSlotInfo, (CK_SLOT_ID slot, CK_SLOT_INFO *info), (slot, info))
PASS(GetMechanismInfo, (CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info),
     (slot, type, info))
PASS(CloseSession, (CK_SESSION_HANDLE session), (session))
PASS(GetSessionInfo, (CK_SESSION_HANDLE session, CK_SESSION_INFO *info), (session, info))
PASS(Logout, (CK_SESSION_HANDLE session), (session))
PASS(CreateObject,
     (CK_SESSION_HANDLE session, CK_ATTRIBUTE *attributes, CK_ULONG n, CK_OBJECT_HANDLE *object),
     (session, attributes, n, object))
PASS(DestroyObject, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object), (session, object))
PASS(FindObjectsInit, (CK_SESSION_HANDLE session, CK_ATTRIBUTE *attributes, CK_ULONG n),
     (session, attributes, n))
PASS(FindObjectsFinal, (CK_SESSION_HANDLE session), (session))
PASS(GenerateRandom, (CK_SESSION_HANDLE session, unsigned char *bytes, CK_ULONG n),
     (session, bytes, n))

static CK_RV fault_Initialize(void *arguments) {
    CK_RV rv;
    struct call call = begin("C_Initialize");
    note("C_Initialize flags %lu", arguments ? ((CK_C_INITIALIZE_ARGS *)arguments)->flags : 0);
    if (is_cut(&call, &rv)) return rv;
    return after(&call, real->C_Initialize(arguments));
}

/* Two tokens that nothing tells apart: SoftHSM itself cannot hold such a pair. */
static CK_RV list_twice(unsigned char present, CK_SLOT_ID *slots, CK_ULONG *n) {
    CK_ULONG room = *n, half = 0;
    CK_RV rv = real->C_GetSlotList(present, NULL, &half);
    if (rv != CKR_OK) return rv;
    *n = 2 * half;
    if (!slots) return CKR_OK;
    if (room < 2 * half) return CKR_BUFFER_TOO_SMALL;
    rv = real->C_GetSlotList(present, slots, &half);
    if (rv != CKR_OK) return rv;
    for (CK_ULONG i = 0; i < half; i++) slots[half + i] = slots[i];
    *n = 2 * half;
    return CKR_OK;
}

static CK_RV fault_GetSlotList(unsigned char present, CK_SLOT_ID *slots, CK_ULONG *n) {
    CK_RV rv;
    struct call call = begin("C_GetSlotList");
    note("C_GetSlotList present %d %s", present, slots ? "fetch" : "count");
    if (is_cut(&call, &rv)) return rv;
    if (find(&call, "twice")) return list_twice(present, slots, n);
    rv = after(&call, real->C_GetSlotList(present, slots, n));
    const struct fault *fault = find(&call, "length");
    if (fault) *n = strtoul(fault->first, NULL, 0);
    return rv;
}

static CK_RV fault_GetTokenInfo(CK_SLOT_ID slot, CK_TOKEN_INFO *info) {
    CK_RV rv;
    struct call call = begin("C_GetTokenInfo");
    note("C_GetTokenInfo");
    if (is_cut(&call, &rv)) return rv;
    rv = real->C_GetTokenInfo(slot, info);
    const struct fault *fault = find(&call, "flags");
    if (fault) info->flags |= strtoul(fault->first, NULL, 0);
    fault = find(&call, "clear");
    if (fault) info->flags &= ~strtoul(fault->first, NULL, 0);
    return after(&call, rv);
}

static CK_RV fault_GetMechanismList(CK_SLOT_ID slot, CK_MECHANISM_TYPE *types, CK_ULONG *n) {
    CK_RV rv;
    struct call call = begin("C_GetMechanismList");
    note("C_GetMechanismList");
    if (is_cut(&call, &rv)) return rv;
    rv = after(&call, real->C_GetMechanismList(slot, types, n));
    const struct fault *fault = find(&call, "hide");
    if (!fault || !types) return rv;
    CK_ULONG kept = 0;
    for (CK_ULONG i = 0; i < *n; i++)
        if (types[i] != strtoul(fault->first, NULL, 0)) types[kept++] = types[i];
    *n = kept;
    return rv;
}

static CK_RV fault_OpenSession(CK_SLOT_ID slot, CK_FLAGS flags, void *application,
                               CK_NOTIFY notify, CK_SESSION_HANDLE *session) {
    CK_RV rv;
    struct call call = begin("C_OpenSession");
    note("C_OpenSession flags %lu", flags);
    if (is_cut(&call, &rv)) return rv;
    return after(&call, real->C_OpenSession(slot, flags, application, notify, session));
}

static CK_RV fault_Login(CK_SESSION_HANDLE session, CK_USER_TYPE user, unsigned char *pin,
                         CK_ULONG length) {
    CK_RV rv;
    struct call call = begin("C_Login");
    note("C_Login user %lu %s %lu", user, pin ? "pin" : "null", length);
    if (is_cut(&call, &rv)) return rv;
    return after(&call, real->C_Login(session, user, pin, length));
}

static CK_RV fault_FindObjects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG max,
                               CK_ULONG *n) {
    CK_RV rv;
    struct call call = begin("C_FindObjects");
    note("C_FindObjects");
    if (is_cut(&call, &rv)) return rv;
    rv = after(&call, real->C_FindObjects(session, objects, max, n));
    const struct fault *fault = find(&call, "length");
    if (fault) *n = strtoul(fault->first, NULL, 0);
    return rv;
}

static CK_RV fault_SignInit(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                            CK_OBJECT_HANDLE key) {
    CK_RV rv;
    struct call call = begin("C_SignInit");
    note("C_SignInit mechanism 0x%lx %s %lu", mechanism->mechanism,
         mechanism->pParameter ? "parameter" : "null", mechanism->ulParameterLen);
    if (is_cut(&call, &rv)) return rv;
    return after(&call, real->C_SignInit(session, mechanism, key));
}

static CK_RV fault_Sign(CK_SESSION_HANDLE session, unsigned char *data, CK_ULONG data_length,
                        unsigned char *signature, CK_ULONG *length) {
    CK_RV rv;
    struct call call = begin("C_Sign");
    note("C_Sign");
    if (is_cut(&call, &rv)) return rv;
    rv = after(&call, real->C_Sign(session, data, data_length, signature, length));
    const struct fault *fault = find(&call, "length");
    if (fault) *length = strtoul(fault->first, NULL, 0);
    return rv;
}

static CK_RV answer_attribute(const struct fault *fault, CK_ATTRIBUTE *attribute) {
    unsigned char bytes[TEXT_MAX];
    if (strcmp(fault->second, "unavailable") == 0) {
        attribute->ulValueLen = (CK_ULONG)-1;
        return CKR_OK;
    }
    if (strncmp(fault->second, "0x", 2) == 0) {
        attribute->ulValueLen = (CK_ULONG)-1;
        return strtoul(fault->second, NULL, 0);
    }
    size_t length = unhex(fault->second, bytes);
    if (attribute->pValue) {
        if (attribute->ulValueLen < length) return CKR_BUFFER_TOO_SMALL;
        memcpy(attribute->pValue, bytes, length);
    }
    attribute->ulValueLen = length;
    return CKR_OK;
}

static CK_RV fault_GetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                                     CK_ATTRIBUTE *attributes, CK_ULONG n) {
    CK_RV rv;
    struct call call = begin("C_GetAttributeValue");
    note("C_GetAttributeValue 0x%lx", n ? attributes[0].type : 0);
    if (is_cut(&call, &rv)) return rv;
    for (int i = 0; i < call.count; i++)
        if (n == 1 && strcmp(call.faults[i].action, "attribute") == 0 &&
            strtoul(call.faults[i].first, NULL, 0) == attributes[0].type)
            return answer_attribute(&call.faults[i], attributes);
    return after(&call, real->C_GetAttributeValue(session, object, attributes, n));
}

/* Whether a template holds TYPE, or TYPE=HEXBYTES. */
static bool holds(const char *wanted, const CK_ATTRIBUTE *attributes, CK_ULONG n) {
    unsigned char bytes[TEXT_MAX];
    const char *value = strchr(wanted, '=');
    size_t length = value ? unhex(value + 1, bytes) : 0;
    for (CK_ULONG i = 0; i < n; i++)
        if (attributes[i].type == strtoul(wanted, NULL, 0) &&
            (!value || (attributes[i].ulValueLen == length &&
                        memcmp(attributes[i].pValue, bytes, length) == 0)))
            return true;
    return false;
}

static CK_RV fault_GenerateKeyPair(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                                   CK_ATTRIBUTE *public, CK_ULONG public_count,
                                   CK_ATTRIBUTE *private, CK_ULONG private_count,
                                   CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key) {
    CK_RV rv;
    struct call call = begin("C_GenerateKeyPair");
    note("C_GenerateKeyPair mechanism 0x%lx %s, %lu and %lu attributes", mechanism->mechanism,
         mechanism->pParameter ? "parameter" : "null", public_count, private_count);
    if (is_cut(&call, &rv)) return rv;
    for (int i = 0; i < call.count; i++)
        if (strcmp(call.faults[i].action, "refuse") == 0 &&
            (holds(call.faults[i].first, public, public_count) ||
             holds(call.faults[i].first, private, private_count)))
            return strtoul(call.faults[i].second, NULL, 0);
    return after(&call, real->C_GenerateKeyPair(session, mechanism, public, public_count, private,
                                                private_count, public_key, private_key));
}

static CK_RV load_real(void) {
    Dl_info self;
    if (!dladdr(&list, &self) || !self.dli_fname) return CKR_GENERAL_ERROR;
    snprintf(directory, sizeof directory, "%s", self.dli_fname);
    char *slash = strrchr(directory, '/');
    if (!slash) return CKR_GENERAL_ERROR;
    *slash = 0;
    char path[DIRECTORY_MAX + 64];
    snprintf(path, sizeof path, "%s/libsofthsm2.so", directory);
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    CK_RV (*get)(CK_FUNCTION_LIST **) = NULL;
    if (handle) *(void **)&get = dlsym(handle, "C_GetFunctionList");
    return get ? get(&real) : CKR_GENERAL_ERROR;
}

#define REPLACE(name)                                                                              \
    list.C_##name = fault_##name;                                                                  \
    for (int i = 0; i < fault_count; i++)                                                          \
        if (!strcmp(faults[i].function, "C_" #name) && !strcmp(faults[i].action, "missing"))       \
            list.C_##name = NULL;

__attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST **out) {
    if (!real) {
        CK_RV rv = load_real();
        if (rv != CKR_OK) return rv;
    }
    read_faults();
    list = *real;
    REPLACE(Initialize)
    REPLACE(Finalize)
    REPLACE(GetInfo)
    REPLACE(GetSlotList)
    REPLACE(GetSlotInfo)
    REPLACE(GetTokenInfo)
    REPLACE(GetMechanismList)
    REPLACE(GetMechanismInfo)
    REPLACE(OpenSession)
    REPLACE(CloseSession)
    REPLACE(GetSessionInfo)
    REPLACE(Login)
    REPLACE(Logout)
    REPLACE(CreateObject)
    REPLACE(DestroyObject)
    REPLACE(GetAttributeValue)
    REPLACE(FindObjectsInit)
    REPLACE(FindObjects)
    REPLACE(FindObjectsFinal)
    REPLACE(SignInit)
    REPLACE(Sign)
    REPLACE(GenerateKeyPair)
    REPLACE(GenerateRandom)
    *out = &list;
    return CKR_OK;
}

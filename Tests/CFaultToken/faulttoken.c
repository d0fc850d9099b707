/* A PKCS#11 module that wraps the one beside it (libsofthsm2.so in the same directory), writes down
   every call in the file `calls` there, and misbehaves as the file `faults` there says. Real tokens
   lock, vanish and refuse; SoftHSM does none of it, so tests make it.

   Each line of `faults` is a rule: FUNCTION WHEN ACTION.

   FUNCTION is a C_ name, or * for every function but C_Initialize and C_Finalize. NAME@LABEL means
   only calls about an object whose CKA_LABEL begins with LABEL (C_SignInit, C_Sign,
   C_GetAttributeValue, C_DestroyObject), or a template with such a label (C_GenerateKeyPair).

   WHEN counts the calls that the rule is about since the file last changed: 3 is the third, 3+ the
   third and all after it, * each.

   ACTION. The ten commonest faults of real modules, by what is seen of them:
    1. removed        the device is pulled out: sessions are gone, no slot holds a token, everything
                      answers CKR_DEVICE_REMOVED, until the file changes (it was put back)
    2. drop           all sessions are closed behind our back, then the call is made
    3. logout         somebody logs out behind our back, then the call is made
    4. flags BITS     set these flags in what C_GetTokenInfo gives (0x40000: PIN locked);
       clear BITS     take them away
    5. rv CODE        answer with CODE and do not call (0x101 not logged in, 0x31 memory full, 0x150
                      buffer too small, 0x82 object handle invalid)
       after CODE     call, then answer with CODE: the effect is there, its answer is lost
    6. flip           one bit of the signature is wrong (C_Sign)
       length N       give N as the length of the signature or of the count
    7. point FORM     C_GetAttributeValue: CKA_EC_POINT as `raw`, `octets` (04 20) or `bits`
                      (03 21 00), or of an `other` key: one bit is wrong
    8. attribute TYPE VALUE   C_GetAttributeValue: a lie about this attribute. VALUE is HEXBYTES,
                      `empty`, `unavailable`, or 0xCODE: answer with that
    9. half CODE      C_GenerateKeyPair: the public half is made, then memory is full: answer CODE
       duplicate      C_GenerateKeyPair: the public half is there twice
       stale          the handle of this object is worth nothing any more; a search gives a new one
   10. hang FILE      wait before the call until the file FILE beside the module goes away
       hang-after FILE        make the call, then wait, then answer

   and further:
       hide TYPE      leave the mechanism out of what C_GetMechanismList gives
       twice          list each slot twice (C_GetSlotList)
       missing        leave the function out of the list (read when the module is loaded)
       keypad PIN     C_Login without a PIN: log in with this one, as typed on the device
       crash          end the process by touching page zero
       refuse TYPE CODE       C_GenerateKeyPair: answer with CODE if a template holds this attribute
       refuse TYPE=HEXBYTES CODE    ... with this value
   Numbers are decimal or 0x. A call that hangs writes `hangs NAME` into `calls` first. */

#define _GNU_SOURCE
#include "rules.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <p11-kit/pkcs11.h>

enum { SLOTS_MAX = 32, STALE_MAX = 16, SESSIONS_MAX = 64 };

/* What is added to a handle that took the place of a stale one. */
static const CK_OBJECT_HANDLE FRESH = 1ul << 40;

static CK_FUNCTION_LIST *real;
static CK_FUNCTION_LIST list;
static CK_SESSION_HANDLE last_session;
static CK_OBJECT_HANDLE stale[STALE_MAX];
static int stale_count;
/* Which key signs in which session. */
static struct {
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE key;
} signing[SESSIONS_MAX];

static CK_ULONG all_slots(CK_SLOT_ID *slots) {
    CK_ULONG n = SLOTS_MAX;
    return real->C_GetSlotList(CK_TRUE, slots, &n) == CKR_OK ? n : 0;
}

static void close_all_sessions(void) {
    CK_SLOT_ID slots[SLOTS_MAX];
    CK_ULONG n = all_slots(slots);
    for (CK_ULONG i = 0; i < n; i++) real->C_CloseAllSessions(slots[i]);
}

/* What happens before the call; whether the call is then not to be made at all. */
static bool is_cut(const struct call *call, CK_RV *rv) {
    const struct fault *fault = find(call, "hang");
    if (fault) wait_until_gone(call, fault->first);
    if (find(call, "crash")) {
        volatile int *nowhere = NULL;
        *nowhere = 1;
    }
    if (find(call, "drop")) close_all_sessions();
    if (find(call, "logout")) real->C_Logout(last_session);
    if (find(call, "removed")) {
        close_all_sessions();
        is_removed = true;
    }
    fault = find(call, "rv");
    if (fault) *rv = strtoul(fault->first, NULL, 0);
    if (is_removed) *rv = CKR_DEVICE_REMOVED;
    return fault || is_removed;
}

static CK_RV after(const struct call *call, CK_RV rv) {
    const struct fault *fault = find(call, "hang-after");
    if (fault) wait_until_gone(call, fault->first);
    fault = find(call, "after");
    return fault ? strtoul(fault->first, NULL, 0) : rv;
}

static size_t unhex(const char *text, unsigned char *bytes) {
    size_t length = 0;
    unsigned value;
    while (sscanf(text + 2 * length, "%2x", &value) == 1 && length < TEXT_MAX / 2)
        bytes[length++] = (unsigned char)value;
    return length;
}

/* The module's own handle behind one that a caller holds; zero behind a stale one. */
static CK_OBJECT_HANDLE actual(CK_OBJECT_HANDLE object) {
    if (object >= FRESH) return object - FRESH;
    for (int i = 0; i < stale_count; i++)
        if (stale[i] == object) return 0;
    return object;
}

/* The handle that a search gives for one of the module's own. */
static CK_OBJECT_HANDLE shown(CK_OBJECT_HANDLE object) {
    return actual(object) ? object : object + FRESH;
}

static const char *label_of(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, char *label) {
    CK_ATTRIBUTE attribute = {CKA_LABEL, label, TEXT_MAX - 1};
    if (!real->C_GetAttributeValue ||
        real->C_GetAttributeValue(session, actual(object), &attribute, 1) != CKR_OK)
        return NULL;
    label[attribute.ulValueLen] = 0;
    return label;
}

static const char *label_in(const CK_ATTRIBUTE *attributes, CK_ULONG n, char *label) {
    for (CK_ULONG i = 0; i < n; i++)
        if (attributes[i].type == CKA_LABEL && attributes[i].ulValueLen < TEXT_MAX) {
            memcpy(label, attributes[i].pValue, attributes[i].ulValueLen);
            label[attributes[i].ulValueLen] = 0;
            return label;
        }
    return NULL;
}

/* Begins a call about an object. */
static struct call begin_with(const char *function, CK_SESSION_HANDLE session,
                              CK_OBJECT_HANDLE object) {
    char label[TEXT_MAX];
    struct call call = begin_about(function, label_of(session, object, label));
    if (find(&call, "stale") && stale_count < STALE_MAX && object < FRESH)
        stale[stale_count++] = object;
    return call;
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
PASS(SetPIN,
     (CK_SESSION_HANDLE session, unsigned char *from, CK_ULONG m, unsigned char *to, CK_ULONG n),
     (session, from, m, to, n))
PASS(CreateObject,
     (CK_SESSION_HANDLE session, CK_ATTRIBUTE *attributes, CK_ULONG n, CK_OBJECT_HANDLE *object),
     (session, attributes, n, object))
PASS(FindObjectsInit, (CK_SESSION_HANDLE session, CK_ATTRIBUTE *attributes, CK_ULONG n),
     (session, attributes, n))
PASS(FindObjectsFinal, (CK_SESSION_HANDLE session), (session))
PASS(GenerateRandom, (CK_SESSION_HANDLE session, unsigned char *bytes, CK_ULONG n),
     (session, bytes, n))

static CK_RV fault_DestroyObject(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object) {
    CK_RV rv;
    struct call call = begin_with("C_DestroyObject", session, object);
    note("C_DestroyObject");
    if (is_cut(&call, &rv)) return rv;
    return after(&call, real->C_DestroyObject(session, actual(object)));
}

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
    if (is_cut(&call, &rv)) {
        /* Slots stay; those that hold a token are none. */
        if (is_removed && present) *n = 0;
        return is_removed ? CKR_OK : rv;
    }
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
    rv = real->C_OpenSession(slot, flags, application, notify, session);
    if (rv == CKR_OK) last_session = *session;
    return after(&call, rv);
}

static CK_RV fault_Login(CK_SESSION_HANDLE session, CK_USER_TYPE user, unsigned char *pin,
                         CK_ULONG length) {
    CK_RV rv;
    struct call call = begin("C_Login");
    note("C_Login user %lu %s %lu", user, pin ? "pin" : "null", length);
    if (is_cut(&call, &rv)) return rv;
    const struct fault *keypad = find(&call, "keypad");
    if (keypad && !pin) {
        pin = (unsigned char *)keypad->first;
        length = strlen(keypad->first);
    }
    return after(&call, real->C_Login(session, user, pin, length));
}

static CK_RV fault_FindObjects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG max,
                               CK_ULONG *n) {
    CK_RV rv;
    struct call call = begin("C_FindObjects");
    note("C_FindObjects");
    if (is_cut(&call, &rv)) return rv;
    rv = after(&call, real->C_FindObjects(session, objects, max, n));
    for (CK_ULONG i = 0; rv == CKR_OK && i < *n; i++) objects[i] = shown(objects[i]);
    const struct fault *fault = find(&call, "length");
    if (fault) *n = strtoul(fault->first, NULL, 0);
    return rv;
}

static CK_RV fault_SignInit(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                            CK_OBJECT_HANDLE key) {
    CK_RV rv;
    struct call call = begin_with("C_SignInit", session, key);
    note("C_SignInit mechanism 0x%lx %s %lu", mechanism->mechanism,
         mechanism->pParameter ? "parameter" : "null", mechanism->ulParameterLen);
    if (is_cut(&call, &rv)) return rv;
    signing[session % SESSIONS_MAX].session = session;
    signing[session % SESSIONS_MAX].key = key;
    return after(&call, real->C_SignInit(session, mechanism, actual(key)));
}

static CK_RV fault_Sign(CK_SESSION_HANDLE session, unsigned char *data, CK_ULONG data_length,
                        unsigned char *signature, CK_ULONG *length) {
    CK_RV rv;
    struct call call = begin_with("C_Sign", session, signing[session % SESSIONS_MAX].key);
    note("C_Sign");
    if (is_cut(&call, &rv)) return rv;
    rv = after(&call, real->C_Sign(session, data, data_length, signature, length));
    if (find(&call, "flip") && rv == CKR_OK) signature[*length / 2] ^= 1;
    const struct fault *fault = find(&call, "length");
    if (fault) *length = strtoul(fault->first, NULL, 0);
    return rv;
}

/* Gives bytes as the value of an attribute, or their length where there is no room to be. */
static CK_RV give(CK_ATTRIBUTE *attribute, const unsigned char *bytes, size_t length) {
    if (attribute->pValue) {
        if (attribute->ulValueLen < length) return CKR_BUFFER_TOO_SMALL;
        memcpy(attribute->pValue, bytes, length);
    }
    attribute->ulValueLen = length;
    return CKR_OK;
}

/* The public key in another of the forms that modules give it, or another key. SoftHSM's own form
   is the one of 34 bytes. */
static CK_RV answer_point(const struct fault *fault, CK_SESSION_HANDLE session,
                          CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attribute) {
    unsigned char own[64], bytes[64] = {0x03, 0x21, 0x00};
    CK_ATTRIBUTE asked = {CKA_EC_POINT, own, sizeof own};
    CK_RV rv = real->C_GetAttributeValue(session, object, &asked, 1);
    if (rv != CKR_OK || asked.ulValueLen != 34) return rv == CKR_OK ? CKR_GENERAL_ERROR : rv;
    if (strcmp(fault->first, "raw") == 0) return give(attribute, own + 2, 32);
    if (strcmp(fault->first, "octets") == 0) return give(attribute, own, 34);
    if (strcmp(fault->first, "other") == 0) {
        own[2 + 7] ^= 1;
        return give(attribute, own, 34);
    }
    memcpy(bytes + 3, own + 2, 32);
    return give(attribute, bytes, 35);
}

static CK_RV answer_attribute(const struct fault *fault, CK_ATTRIBUTE *attribute) {
    unsigned char bytes[TEXT_MAX] = {0};
    if (strcmp(fault->second, "unavailable") == 0) {
        attribute->ulValueLen = (CK_ULONG)-1;
        return CKR_OK;
    }
    if (strncmp(fault->second, "0x", 2) == 0) {
        attribute->ulValueLen = (CK_ULONG)-1;
        return strtoul(fault->second, NULL, 0);
    }
    if (strcmp(fault->second, "empty") == 0) return give(attribute, bytes, 0);
    return give(attribute, bytes, unhex(fault->second, bytes));
}

static CK_RV fault_GetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                                     CK_ATTRIBUTE *attributes, CK_ULONG n) {
    CK_RV rv;
    struct call call = begin_with("C_GetAttributeValue", session, object);
    note("C_GetAttributeValue 0x%lx", n ? attributes[0].type : 0);
    if (is_cut(&call, &rv)) return rv;
    for (int i = 0; i < call.count; i++)
        if (n == 1 && strcmp(call.faults[i].action, "attribute") == 0 &&
            strtoul(call.faults[i].first, NULL, 0) == attributes[0].type)
            return answer_attribute(&call.faults[i], attributes);
    const struct fault *fault = find(&call, "point");
    if (fault && n == 1 && attributes[0].type == CKA_EC_POINT)
        return answer_point(fault, session, actual(object), attributes);
    return after(&call, real->C_GetAttributeValue(session, actual(object), attributes, n));
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
    char label[TEXT_MAX];
    struct call call = begin_about("C_GenerateKeyPair", label_in(private, private_count, label));
    note("C_GenerateKeyPair mechanism 0x%lx %s, %lu and %lu attributes", mechanism->mechanism,
         mechanism->pParameter ? "parameter" : "null", public_count, private_count);
    if (is_cut(&call, &rv)) return rv;
    for (int i = 0; i < call.count; i++)
        if (strcmp(call.faults[i].action, "refuse") == 0 &&
            (holds(call.faults[i].first, public, public_count) ||
             holds(call.faults[i].first, private, private_count)))
            return strtoul(call.faults[i].second, NULL, 0);
    rv = real->C_GenerateKeyPair(session, mechanism, public, public_count, private, private_count,
                                 public_key, private_key);
    const struct fault *fault = find(&call, "half");
    if (fault && rv == CKR_OK) {
        real->C_DestroyObject(session, *private_key);
        rv = strtoul(fault->first, NULL, 0);
    }
    CK_OBJECT_HANDLE copy;
    CK_ATTRIBUTE nothing;
    if (find(&call, "duplicate") && rv == CKR_OK)
        rv = real->C_CopyObject(session, *public_key, &nothing, 0, &copy);
    return after(&call, rv);
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

#define REPLACE(name) list.C_##name = is_missing("C_" #name) ? NULL : fault_##name;

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
    REPLACE(SetPIN)
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

/* p11-kit's rendering of the PKCS#11 header, and its loader and URI parser.
   Nothing is defined before the include: its GNU-style switch removes the CK_ names. */
#include <p11-kit/p11-kit.h>
#include <p11-kit/pkcs11.h>
#include <p11-kit/uri.h>

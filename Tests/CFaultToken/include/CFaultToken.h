/* A PKCS#11 module for tests: passes every call on to the module beside it, and fails where it is
   told to. See faulttoken.c. Nothing is declared here: it is loaded, never linked. */

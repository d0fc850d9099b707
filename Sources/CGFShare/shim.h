#include <libgfshare.h>

/* The library's generator is a variable of C, which Swift lets nobody set. Called once, before any
   other use of the library. */
static inline void ceremony_gfshare_set_generator(gfshare_rand_func_t generator) {
    gfshare_fill_rand = generator;
}

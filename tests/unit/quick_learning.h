/* Options and a log that are learnt from in no time. */
#ifndef RK_TESTS_QUICK_LEARNING_H
#define RK_TESTS_QUICK_LEARNING_H

#include "log_builder.h"

static inline rk_learn_options quick(void) {
    rk_learn_options options = rk_learn_defaults();
    options.seed = 11;
    options.dim = 8;
    options.sgns_epochs = 2;
    options.encoder_epochs = 2;
    options.validation_cases = 40;
    options.ranker_cases = 0; // rankers have tests of their own, and one in test_pipeline
    return options;
}

static inline log_builder some_log(uint32_t stream) {
    rk_rng rng = rk_rng_at(test_seed(), stream);
    return clustered_log(&rng, 120, 60, 6, 8);
}

#endif

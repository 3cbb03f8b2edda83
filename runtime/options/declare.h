// Which options each command has.
#pragma once

#include "options/arguments.h"
#include "options/options.h"

namespace rvb::runtime {

void declare_eval(Arguments& arguments, Options& options, bool deployed);
void declare_infer(Arguments& arguments, Options& options, bool deployed);
void declare_ranges(Arguments& arguments, Options& options, bool deployed);
void declare_trace(Arguments& arguments, Options& options, bool deployed);
void declare_data(Arguments& arguments, Options& options, bool deployed);
void declare_observe(Arguments& arguments, Options& options, bool deployed);
void declare_verify(Arguments& arguments, Options& options, bool deployed);
void declare_bench(Arguments& arguments, Options& options, bool deployed);
void declare_profile(Arguments& arguments, Options& options, bool deployed);
void declare_info(Arguments& arguments, Options& options, bool deployed);
void declare_init(Arguments& arguments, Options& options, bool deployed);
void declare_train(Arguments& arguments, Options& options, bool deployed);
void declare_report(Arguments& arguments, Options& options, bool deployed);
void declare_reestimate(Arguments& arguments, Options& options, bool deployed);
void declare_sweep(Arguments& arguments, Options& options, bool deployed);
void declare_gradient(Arguments& arguments, Options& options, bool deployed);

// What several commands share.
void declare_samples(Arguments& arguments, Options& options, bool labels);
void declare_weights(Arguments& arguments, Options& options, bool deployed);
void declare_batch(Arguments& arguments, Options& options);
void declare_threads(Arguments& arguments, Options& options);
void declare_json(Arguments& arguments, Options& options);
void declare_accuracy(Arguments& arguments, Options& options);

} // namespace rvb::runtime

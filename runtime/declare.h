// Options that several commands share.
#pragma once

#include "command_line.h"

namespace rvb::runtime {

void declare_samples(Arguments& arguments, Options& options, bool labels);
void declare_weights(Arguments& arguments, Options& options, bool deployed);
void declare_batch(Arguments& arguments, Options& options);
void declare_threads(Arguments& arguments, Options& options);
void declare_json(Arguments& arguments, Options& options);
void declare_accuracy(Arguments& arguments, Options& options);

} // namespace rvb::runtime

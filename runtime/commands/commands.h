// What a compiled program can be asked for: one function and one file a command. Each returns the exit code or throws a
// Failure. The rows of start.cpp and start_deployed.cpp say which program offers which.
#pragma once

#include "data/dataset.h"
#include "network/function.h"
#include "options/options.h"

namespace rvb::runtime {

int run_init(const Context& context);
int run_train(const Context& context);
int run_eval(const Context& context);
int run_infer(const Context& context);
int run_stream(const Context& context, const ParameterSet& parameters); // infer --stream
int run_trace(const Context& context);
int run_report(const Context& context);
int run_gradient(const Context& context);
int run_sweep(const Context& context);
int run_reestimate(const Context& context);
int run_bench(const Context& context);
int run_profile(const Context& context);
int run_info(const Context& context);
int run_ranges(const Context& context); // deployed: what rvbc deploy --spikes asks
int run_data(const Context& context);
int run_observe(const Context& context);
int run_verify(const Context& context);
int run_addonly(const Context& context); // deployed: --verify-addonly

// Shared by the commands (command_support.cpp).
// Failure(usage) where --min-acc is asked of a regression, which has no accuracy.
void check_min_accuracy(const Context& context);
void require(bool given, const std::string& what);    // Failure(usage)
void check_cpu(const rvb_program& program);           // Failure(mismatch)
void check_data(const rvb_program& program);          // Failure(mismatch) when a bit of its data has changed
int thread_count(const std::string& text);            // "", "auto": RVB_THREADS or all; Failure(usage)
ParameterSet load_parameters(const Context& context); // --weights; none for deployed programs
std::unique_ptr<Dataset> open_samples(const Context& context, Split split, bool labels); // --data or --input
// --input: arrays, a recording, or a picture, which is prepared as those of a folder are.
std::unique_ptr<Dataset> open_input(const std::string& input, const std::string& labels, const DataSettings& settings,
                                    const Manifest& manifest);
std::string data_folder(const Options& options); // --data, else RVB_DATA when there is no --input
// Failure(usage) when a flag says something about --data, which there is not, or about --input.
void check_sources(const Options& options, bool folder);
DataSettings data_settings(const Context& context, const std::string& folder); // flags over the recipe
std::vector<std::string> data_flags(const Options& options);                   // DataSettings::flags

} // namespace rvb::runtime

// What is called here what other frameworks give another name, and where a name of the standard library comes from.
#pragma once

#include <string>

namespace rvb::sema {

// A sentence of help for a name that is not defined; "" for names that say nothing.
std::string elsewhere_called(const std::string& name);   // where a layer, block or neuron is meant
std::string elsewhere_value(const std::string& name);    // where a word or number is
std::string elsewhere_argument(const std::string& name); // of a layer or neuron
std::string elsewhere_setting(const std::string& name);  // of the recipe, its optimizer, its loss

// What to say: the nearest name where only the case differs, else what is known from elsewhere, else the nearest name.
std::string advice(const std::string& name, const std::string& nearest, const std::string& elsewhere);

} // namespace rvb::sema

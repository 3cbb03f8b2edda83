// Recipes as JSON: in the manifest, in config.json and in checkpoints.
#pragma once

#include "recipe/recipe.h"

#include <nlohmann/json.hpp>

namespace rvb::recipe {

// What was written by a program with other tables.
struct Unknown : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline nlohmann::ordered_json number_json(const Option& option, double value) {
  switch (option.kind) {
  case Kind::flag: return value != 0;
  case Kind::whole: return static_cast<int64_t>(value);
  case Kind::real: break;
  }
  return value;
}

// A rate of 0, which a flag can set, is no recipe's but a run's.
inline double number_from(const Option& option, const nlohmann::ordered_json& json) {
  const double value = json.is_boolean() ? (json.get<bool>() ? 1 : 0) : json.get<double>();
  const bool none = value == 0 && std::string("rate") == option.name;
  if (!none && !(value >= option.least && value <= option.most))
    throw Unknown(std::string("`") + option.name + "` is " + json.dump() + ", which is out of its range");
  return value;
}

inline const Row& row_from(const Table& table, const std::string& name) {
  const Row* row = table.find(name);
  if (row == nullptr)
    throw Unknown(std::string("`") + table.setting + "` is `" + name + "`, which this program does not know");
  return *row;
}

// {"lambda": 0.001, …}; what is not given is left out.
inline nlohmann::ordered_json options_json(const Choice& choice) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (int i = 0; i < choice.row().count(); ++i)
    if (const Option& option = choice.row().options[i]; choice[i] >= option.least || choice[i] != option.initial)
      json[option.name] = number_json(option, choice[i]);
  return json;
}

// {"name": "tet", "lambda": 0.001, …}
inline nlohmann::ordered_json choice_json(const Choice& choice, const char* key = "name") {
  nlohmann::ordered_json json = {{key, choice.row().name}};
  json.update(options_json(choice));
  return json;
}

// Options that are missing have their defaults. Older files call the option of an augmentation `amount`.
inline Choice options_from(const Row& row, const nlohmann::ordered_json& json) {
  Choice choice(row);
  for (int i = 0; i < row.count(); ++i) {
    const char* name = row.options[i].name;
    if (json.contains(name))
      choice[i] = number_from(row.options[i], json[name]);
    else if (i == 0 && json.contains("amount"))
      choice[i] = number_from(row.options[i], json["amount"]);
  }
  return choice;
}

// {"name": …} as above, or the name alone.
inline Choice choice_from(const Table& table, const nlohmann::ordered_json& json) {
  if (json.is_string())
    return Choice(row_from(table, json.get<std::string>()));
  return options_from(row_from(table, json.at("name").get<std::string>()), json);
}

// What a run is planned by; the options of the optimiser stand next to its name.
inline nlohmann::ordered_json plan_json(const Recipe& recipe) {
  nlohmann::ordered_json json;
  each_setting(recipe, [&](const Option& option, const char*, auto value) {
    json[option.name] = number_json(option, static_cast<double>(value));
  });
  json.update(choice_json(recipe.optimizer, "optimizer"));
  json["schedule"] = choice_json(recipe.schedule);
  json["rates"] = options_json(recipe.rates);
  json["decays"] = options_json(recipe.decays);
  json["augment"] = nlohmann::ordered_json::array();
  for (const Choice& each : recipe.augment)
    json["augment"].push_back(choice_json(each));
  json["frames"] = recipe.frames;
  json["time_unit"] = recipe.time_unit;
  json["resize"] = recipe.resize;
  return json;
}

// With what belongs to the compiled program.
inline nlohmann::ordered_json recipe_json(const Recipe& recipe) {
  nlohmann::ordered_json json = {{"loss", choice_json(recipe.loss)}};
  json.update(plan_json(recipe));
  json["validate"] = recipe.validate;
  json["mean"] = recipe.mean;
  json["deviation"] = recipe.deviation;
  return json;
}

// Reads over `recipe` what `json` says; the rest stays.
inline void read_plan(const nlohmann::ordered_json& json, Recipe& recipe) {
  each_setting(recipe, [&](const Option& option, const char*, auto& field) {
    using Field = std::remove_reference_t<decltype(field)>;
    if (json.contains(option.name))
      field = static_cast<Field>(number_from(option, json[option.name]));
  });
  const std::string optimizer = json.value("optimizer", std::string(recipe.optimizer.row().name));
  recipe.optimizer = options_from(row_from(optimizers, optimizer), json);
  if (json.contains("schedule"))
    recipe.schedule = choice_from(schedules, json["schedule"]);
  if (json.contains("rates"))
    recipe.rates = options_from(rates_row, json["rates"]);
  if (json.contains("decays"))
    recipe.decays = options_from(decays_row, json["decays"]);
  if (json.contains("augment")) {
    recipe.augment.clear();
    for (const nlohmann::ordered_json& each : json["augment"])
      recipe.augment.push_back(choice_from(augmentations, each));
  }
  recipe.frames = json.value("frames", recipe.frames);
  recipe.time_unit = json.value("time_unit", recipe.time_unit);
  recipe.resize = json.value("resize", recipe.resize);
}

inline Recipe recipe_from(const nlohmann::ordered_json& json) {
  Recipe recipe;
  if (json.contains("loss"))
    recipe.loss = choice_from(losses, json["loss"]);
  read_plan(json, recipe);
  recipe.validate = json.value("validate", recipe.validate);
  recipe.mean = json.value("mean", recipe.mean);
  recipe.deviation = json.value("deviation", recipe.deviation);
  return recipe;
}

} // namespace rvb::recipe

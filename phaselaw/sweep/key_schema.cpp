// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/sweep/key_schema.h"

#include <cmath>
#include <string>
#include <utility>

#include "phaselaw/model/options.h"
#include "phaselaw/sweep/keys.h"

namespace phaselaw::sweep {

using base::Value;

namespace {

bool is_varied(const std::string& section) { return section == "model" || section == "data" || section == "training"; }

Value words_of(const Key& key) {
  Value words{Value::List{}};
  for (const std::string& word : key.words) words.push_back(word);
  return words;
}

// Bounds that are whole numbers are written as such.
Value bound(double x) {
  return std::floor(x) == x && std::abs(x) <= base::kLargestExactInteger ? Value(static_cast<std::int64_t>(x))
                                                                         : Value(x);
}

Value number_schema(const Key& key) {
  Value schema = Value::table({{"type", key.kind == KeyKind::integer ? "integer" : "number"}});
  const base::Domain& domain = key.domain;
  if (std::isfinite(domain.lo)) schema[domain.lo_open ? "exclusiveMinimum" : "minimum"] = bound(domain.lo);
  if (std::isfinite(domain.hi)) schema[domain.hi_open ? "exclusiveMaximum" : "maximum"] = bound(domain.hi);
  return schema;
}

Value one_of_several(std::vector<Value> schemas) {
  if (schemas.size() == 1) return std::move(schemas.front());
  return Value::table({{"anyOf", Value(Value::List(schemas.begin(), schemas.end()))}});
}

// The value of a key, without its default and meaning.
Value value_schema(const Key& key) {
  switch (key.kind) {
    case KeyKind::flag:
      return Value::table({{"type", "boolean"}});
    case KeyKind::word:
      return Value::table({{"enum", words_of(key)}});
    case KeyKind::text:
      return Value::table({{"type", "string"}});
    case KeyKind::texts:
      return Value::table({{"type", "array"}, {"items", Value::table({{"type", "string"}})}});
    default:
      break;
  }
  std::vector<Value> schemas = {number_schema(key)};
  if (!key.words.empty()) schemas.push_back(Value::table({{"enum", words_of(key)}}));
  if (is_varied(key.section)) schemas.push_back(Value::table({{"$ref", "#/$defs/expression"}}));
  return one_of_several(std::move(schemas));
}

Value section_schema(const std::string& section) {
  Value properties = Value::table();
  for (const Key& key : all_keys()) {
    if (key.section != section) continue;
    Value schema = value_schema(key);
    const std::string unit = key.domain.unit.empty() ? "" : fmt::format(" [{}]", key.domain.unit);
    schema["description"] = key.help + unit;
    schema["default"] = key.default_value;
    properties[key.name] = std::move(schema);
  }
  return Value::table({{"type", "object"}, {"additionalProperties", false}, {"properties", std::move(properties)}});
}

// A text with a letter and a sign, or the name of another key (computed_keys.h).
Value expression_schema() {
  Value names{Value::List{}};
  for (const Key& key : all_keys())
    if (is_varied(key.section) && key.is_numeric())
      for (const std::string& name : {key.name, key.dotted()}) names.push_back(name);
  return one_of_several({Value::table({{"type", "string"}, {"pattern", "[A-Za-z_].*[-+*/^(]|[-+*/^(].*[A-Za-z_]"}}),
                         Value::table({{"enum", std::move(names)}})});
}

Value list_of(Value items) { return Value::table({{"type", "array"}, {"minItems", 1}, {"items", std::move(items)}}); }

Value sizes_schema() {
  const Value size = Value::table({{"type", "number"}, {"minimum", 1}, {"maximum", bound(model::kMostParameters)}});
  Value range = Value::table({{"type", "object"}, {"additionalProperties", false}});
  range["required"] = Value(Value::List{"from", "to", "points"});
  range["properties"] =
      Value::table({{"from", size},
                    {"to", size},
                    {"points", Value::table({{"type", "integer"}, {"minimum", 2}, {"maximum", 10000}})}});
  Value sizes = one_of_several({list_of(size), std::move(range)});
  sizes["description"] = "numbers of trainable parameters, each of which the ladder converts to a shape";
  return sizes;
}

// "data.n_data" = [..], the same as a nested table data.n_data = [..], and keys that change together.
Value grid_schema() {
  Value properties = Value::table();
  properties["seeds"] = Value::table({{"type", "integer"},
                                      {"minimum", 1},
                                      {"default", 1},
                                      {"description", "number of runs of each point, with seeds seed, seed + 1, ..."}});
  properties["n_params"] = sizes_schema();
  for (const std::string section : {"model", "data", "training"}) {
    Value nested = Value::table();
    for (const Key& key : all_keys()) {
      if (key.section != section) continue;
      Value values = list_of(value_schema(key));
      values["description"] = key.help;
      properties[key.dotted()] = values;
      nested[key.name] = std::move(values);
    }
    properties[section] =
        Value::table({{"type", "object"}, {"additionalProperties", false}, {"properties", std::move(nested)}});
  }
  const Value together =
      Value::table({{"type", "array"},
                    {"minItems", 1},
                    {"items", Value::table({{"type", "array"}, {"minItems", 2}})},
                    {"description", "keys that change together: one list of values for each point"}});
  Value schema = Value::table({{"type", "object"}, {"minProperties", 1}, {"additionalProperties", false}});
  schema["description"] = "in a study only: every combination of these values is a run";
  schema["properties"] = std::move(properties);
  schema["patternProperties"] =
      Value::table({{"^ *(model|data|training)\\.[a-z0-9_]+ *(, *(model|data|training)\\.[a-z0-9_]+ *)+$", together}});
  return schema;
}

}  // namespace

Value key_schema() {
  Value properties = Value::table();
  properties["seed"] = Value::table({{"type", "integer"},
                                     {"minimum", 0},
                                     {"maximum", bound(base::kLargestExactInteger)},
                                     {"default", 0},
                                     {"description", "seed of all random draws"}});
  const std::pair<const char*, const char*> meanings[] = {
      {"model", "the transformer"},
      {"data", "sequences and targets"},
      {"training", "how the loss is minimised"},
      {"kernel", "the output of phaselaw kernel"},
      {"flow", "the flow of phaselaw flow and phaselaw predict"},
      {"ladder", "in a study only: how grid.n_params is converted to a shape"},
      {"accounting", "in a study only: the compute that a run is charged"}};
  for (const auto& [section, meaning] : meanings) {
    properties[section] = section_schema(section);
    properties[section]["description"] = meaning;
  }
  properties["grid"] = grid_schema();
  return Value::table({{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                       {"title", "phaselaw: experiment and study files"},
                       {"type", "object"},
                       {"minProperties", 1},
                       {"additionalProperties", false},
                       {"properties", std::move(properties)},
                       {"$defs", Value::table({{"expression", expression_schema()}})}});
}

}  // namespace phaselaw::sweep

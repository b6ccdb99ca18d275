#include "runtime/pretrained/pickle.h"

#include <array>
#include <utility>

#include "core/bytes.h"
#include "core/error.h"

namespace ridgeline {
namespace {

constexpr size_t kMostValues = 4'000'000;  // hundreds of megabytes; a checkpoint has thousands

/// Python's names of the opcodes that take part here.
enum Opcode : uint8_t {
  kMark = '(',
  kStop = '.',
  kPop = '0',
  kBinFloat = 'G',
  kBinInt = 'J',
  kBinInt1 = 'K',
  kBinInt2 = 'M',
  kNoneOp = 'N',
  kBinPersId = 'Q',
  kReduce = 'R',
  kBinString = 'T',
  kShortBinString = 'U',
  kBinUnicode = 'X',
  kAppend = 'a',
  kBuild = 'b',
  kGlobalOp = 'c',
  kAppends = 'e',
  kBinGet = 'h',
  kLongBinGet = 'j',
  kBinPut = 'q',
  kLongBinPut = 'r',
  kSetItem = 's',
  kTupleOp = 't',
  kSetItems = 'u',
  kEmptyList = ']',
  kEmptyTuple = ')',
  kEmptyDict = '}',
  kBinBytes = 'B',
  kShortBinBytes = 'C',
  kProto = 0x80,
  kNewObj = 0x81,
  kTuple1 = 0x85,
  kTuple3 = 0x87,
  kNewTrue = 0x88,
  kNewFalse = 0x89,
  kLong1 = 0x8a,
  kShortBinUnicode = 0x8c,
  kBinUnicode8 = 0x8d,
  kEmptySet = 0x8f,
  kAddItems = 0x90,
  kNewObjEx = 0x92,
  kStackGlobal = 0x93,
  kMemoize = 0x94,
  kFrame = 0x95,
};

}  // namespace

void Unpickler::fail(const std::string& what) const {
  throw Error(ErrorKind::kData, "pickle: at byte " + std::to_string(at_) + ": " + what);
}

std::string_view Unpickler::take(size_t count) {
  if (count > bytes_.size() - at_) fail("it is cut off");
  const std::string_view part = bytes_.substr(at_, count);
  at_ += count;
  return part;
}

template <class T>
T Unpickler::number() {
  return number_at<T>(take(sizeof(T)).data());
}

std::string_view Unpickler::line() {
  const size_t end = bytes_.find('\n', at_);
  if (end == std::string_view::npos) fail("a name is cut off");
  const std::string_view text = take(end - at_);
  ++at_;
  return text;
}

PickleValue* Unpickler::make(Kind kind) {
  if (values_.size() >= kMostValues) fail("it has over 4 million values");
  stack_.push_back(&values_.emplace_back(PickleValue{kind}));
  return stack_.back();
}

void Unpickler::push_text(std::string_view text) { make(Kind::kText)->text = text; }

void Unpickler::push_integer(Kind kind, int64_t value) { make(kind)->integer = value; }

PickleValue* Unpickler::pop() {
  PickleValue* value = top();
  stack_.pop_back();
  return value;
}

PickleValue* Unpickler::top() {
  const size_t floor = marks_.empty() ? 0 : marks_.back();
  if (stack_.size() <= floor) fail("a value is missing");
  return stack_.back();
}

std::vector<PickleValue*> Unpickler::pop_to_mark() {
  if (marks_.empty()) fail("a mark is missing");
  const auto begin = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
  std::vector<PickleValue*> items(begin, stack_.end());
  stack_.erase(begin, stack_.end());
  marks_.pop_back();
  return items;
}

void Unpickler::push_tuple(size_t count) {
  std::vector<PickleValue*> items(count);
  for (size_t i = count; i-- > 0;) items[i] = pop();
  make(Kind::kTuple)->items = std::move(items);
}

/// To the list or dictionary on top; an object of an unknown class forgets them.
void Unpickler::add_items(const std::vector<PickleValue*>& items, Kind kind) {
  PickleValue* owner = top();
  if (owner->kind == Kind::kOpaque) return;
  if (owner->kind != kind) fail("items for a value that holds none");
  if (kind == Kind::kDict && items.size() % 2 != 0) fail("a key without a value");
  owner->items.insert(owner->items.end(), items.begin(), items.end());
}

void Unpickler::recall(uint64_t index) {
  if (index >= memo_.size() || memo_[index] == nullptr) fail("a value that was never kept");
  stack_.push_back(memo_[index]);
}

void Unpickler::remember(uint64_t index) {
  // Python numbers what it keeps in order.
  if (index > values_.size()) fail("a value kept under a wrong number");
  if (index >= memo_.size()) memo_.resize(index + 1, nullptr);
  memo_[index] = top();
}

/// Little-endian two's complement of any length; only what fits into 64 bits is told apart.
void Unpickler::push_long(size_t bytes) {
  const std::string_view digits = take(bytes);
  if (bytes > sizeof(int64_t)) {
    make(Kind::kOpaque);
    return;
  }
  uint64_t value = 0;
  for (size_t i = 0; i < bytes; ++i) {
    value |= static_cast<uint64_t>(static_cast<uint8_t>(digits[i])) << (8 * i);
  }
  const bool is_negative = bytes > 0 && (static_cast<uint8_t>(digits.back()) & 0x80) != 0;
  if (is_negative && bytes < sizeof(int64_t)) value |= ~uint64_t{0} << (8 * bytes);
  push_integer(Kind::kInt, static_cast<int64_t>(value));
}

void Unpickler::push_global(const std::string& name) { make(Kind::kGlobal)->text = name; }

void Unpickler::reduce() {
  const PickleValue* arguments = pop();
  const PickleValue* function = pop();
  if (arguments->kind != Kind::kTuple) fail("a call without arguments");
  const std::string& name = function->kind == Kind::kGlobal ? function->text : "";
  const auto& given = arguments->items;
  if (name == "collections OrderedDict" && given.empty()) {
    make(Kind::kDict);
  } else if (name == "torch._utils _rebuild_tensor_v2") {
    make(Kind::kTensor)->items = given;
  } else if (name == "torch._utils _rebuild_parameter" && !given.empty()) {
    stack_.push_back(given[0]);
  } else {
    make(Kind::kOpaque);
  }
}

/// The state of an object: of a state dictionary its versions, which say nothing of the tensors.
void Unpickler::build() {
  pop();
  top();
}

bool Unpickler::step_constant(uint8_t opcode) {
  switch (opcode) {
    case kNoneOp:
      make(Kind::kNone);
      return true;
    case kNewTrue:
    case kNewFalse:
      push_integer(Kind::kBool, opcode == kNewTrue);
      return true;
    case kBinInt:
      push_integer(Kind::kInt, number<int32_t>());
      return true;
    case kBinInt1:
      push_integer(Kind::kInt, number<uint8_t>());
      return true;
    case kBinInt2:
      push_integer(Kind::kInt, number<uint16_t>());
      return true;
    case kLong1:
      push_long(number<uint8_t>());
      return true;
    case kBinFloat:
      take(sizeof(double));
      make(Kind::kFloat);
      return true;
    case kShortBinString:
    case kShortBinBytes:
    case kShortBinUnicode:
      push_text(take(number<uint8_t>()));
      return true;
    case kBinString:
    case kBinBytes:
    case kBinUnicode:
      push_text(take(number<uint32_t>()));
      return true;
    case kBinUnicode8:
      push_text(take(number<uint64_t>()));
      return true;
    case kGlobalOp: {
      const std::string module(line());
      push_global(module + " " + std::string(line()));
      return true;
    }
    default:
      return false;
  }
}

bool Unpickler::step_container(uint8_t opcode) {
  switch (opcode) {
    case kMark:
      marks_.push_back(stack_.size());
      return true;
    case kEmptyDict:
      make(Kind::kDict);
      return true;
    case kEmptyList:
      make(Kind::kList);
      return true;
    case kEmptySet:
      make(Kind::kOpaque);
      return true;
    case kEmptyTuple:
      push_tuple(0);
      return true;
    case kTupleOp: {
      auto items = pop_to_mark();
      make(Kind::kTuple)->items = std::move(items);
      return true;
    }
    case kAppend: {
      PickleValue* item = pop();
      add_items({item}, Kind::kList);
      return true;
    }
    case kAppends:
      add_items(pop_to_mark(), Kind::kList);
      return true;
    case kAddItems:
      pop_to_mark();
      top();
      return true;
    case kSetItem: {
      PickleValue* value = pop();
      PickleValue* key = pop();
      add_items({key, value}, Kind::kDict);
      return true;
    }
    case kSetItems:
      add_items(pop_to_mark(), Kind::kDict);
      return true;
    default:
      if (opcode < kTuple1 || opcode > kTuple3) return false;
      push_tuple(opcode - kTuple1 + size_t{1});
      return true;
  }
}

void Unpickler::step(uint8_t opcode) {
  if (step_constant(opcode) || step_container(opcode)) return;
  switch (opcode) {
    case kProto:
      take(1);
      return;
    case kFrame:
      take(sizeof(uint64_t));
      return;
    case kPop:
      pop();
      return;
    case kBinPersId: {
      PickleValue* identity = pop();
      make(Kind::kPersistent)->items = {identity};
      return;
    }
    case kReduce:
      return reduce();
    case kBuild:
      return build();
    case kNewObjEx:
      pop();
      [[fallthrough]];
    case kNewObj:
      return reduce();
    case kStackGlobal: {
      const PickleValue* name = pop();
      const PickleValue* module = pop();
      return push_global(module->text + " " + name->text);
    }
    case kBinGet:
      return recall(number<uint8_t>());
    case kLongBinGet:
      return recall(number<uint32_t>());
    case kBinPut:
      return remember(number<uint8_t>());
    case kLongBinPut:
      return remember(number<uint32_t>());
    case kMemoize:
      return remember(memo_.size());
    default:
      fail("opcode " + std::to_string(opcode) + " is none that torch.save writes");
  }
}

const PickleValue& Unpickler::read() {
  stack_.clear();
  marks_.clear();
  memo_.clear();
  for (;;) {
    const auto opcode = number<uint8_t>();
    if (opcode == kStop) return *pop();
    step(opcode);
  }
}

}  // namespace ridgeline

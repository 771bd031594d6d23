export { type StackOptions, type StartedStack, startStack } from "./stack/start-stack.ts";
export {
  type ControlSignal,
  type PartName,
  type StackControl,
  type TestStack,
  testStack,
} from "./stack/test-stack.ts";

/** Functions that run without a server of the application (spec/ai.md A7). Their texts are expanded when they run. */
import * as s from '../../swml/schema.ts';

const TEXT_OR_TEXTS = s.union(
  [
    s.string({ description: 'One name.' }),
    s.array(s.string({ description: 'A name.' }), { description: 'Names.' }),
  ],
  { description: 'One name or several.' },
);

const ACTION = s.record(s.any({ description: 'Value of the action.', literal: true }), {
  description: 'An action by its name, such as `{"hangup": true}`.',
});

function outcome(withSteering: boolean) {
  const text = s.string({ description: 'What the model is told.', literal: true });
  return s.object(
    {
      response: withSteering
        ? s.union(
            [
              text,
              s.object(
                {
                  tool_result: s.string({ description: 'Data for the model.', literal: true }),
                  tool_prompt: s.string({ description: 'Instruction for the model.', literal: true }),
                },
                { description: 'Data and an instruction.' },
              ),
            ],
            { description: 'What the model is told.' },
          )
        : text,
      action: s.union([ACTION, s.array(ACTION, { description: 'Actions, in order.' })], {
        description: 'What is done.',
      }),
      ...(withSteering && {
        post_process: s.boolean({
          description: 'Whether the actions wait until the agent has spoken.',
          default: false,
        }),
      }),
    },
    { description: 'What the function gives.', required: true },
  );
}

function dataMap(withSteering: boolean) {
  const output = outcome(withSteering);
  const optionalOutput = { node: output.node, info: { ...output.info, required: false } } as s.Schema<
    unknown,
    'optional'
  >;
  const expressions = s.array(
    s.object(
      {
        string: s.string({ description: 'Text that is tested.', required: true, literal: true }),
        pattern: s.string({ description: 'Regular expression.', required: true, literal: true }),
        output,
        'nomatch-output': optionalOutput,
      },
      { description: 'A text, a pattern, and what it gives when it matches.' },
    ),
    { description: 'Tried in order.' },
  );
  const webhook = s.object(
    {
      url: s.string({ description: 'Where to.', required: true, literal: true }),
      method: s.string({ description: 'HTTP method.', enum: ['GET', 'POST', 'PUT', 'DELETE'] }),
      headers: s.record(s.any({ description: 'A value.', literal: true }), { description: 'Headers.' }),
      params: s.record(s.any({ description: 'A value.', literal: true }), { description: 'Sent as JSON.' }),
      body: s.record(s.any({ description: 'A value.', literal: true }), { description: 'As `params`.' }),
      form_param: s.string({ description: 'Sends the JSON as this field of a form.' }),
      input_args_as_params: s.boolean({ description: 'Sends the arguments along.', default: false }),
      require_args: TEXT_OR_TEXTS,
      required_args: TEXT_OR_TEXTS,
      error_keys: TEXT_OR_TEXTS,
      foreach: s.object(
        {
          input_key: s.string({ description: 'Where the list is.', required: true }),
          output_key: s.string({ description: 'Where the text goes.', required: true }),
          append: s.string({
            description: 'Text for each element, which is `${this}`.',
            required: true,
            literal: true,
          }),
          max: s.integer({ description: 'Most elements.', min: 1 }),
        },
        { description: 'Makes one text from a list of the answer.' },
      ),
      expressions,
      output: optionalOutput,
    },
    { description: 'A request and what its answer gives.' },
  );
  return s.object(
    {
      expressions,
      webhooks: s.array(webhook, { description: 'Tried in order, after the expressions.' }),
      output: optionalOutput,
      error_keys: TEXT_OR_TEXTS,
    },
    { description: 'Runs the function without a server: expressions, then requests, then `output`.' },
  );
}

export const DATA_MAP = dataMap(true);
/** As the narrower agent has it: answers are texts only. */
export const PLAIN_DATA_MAP = dataMap(false);

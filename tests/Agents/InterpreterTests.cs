using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Podflare.AgentTests.Models;
using Podflare.Extensions.AI;
using Podflare.NetSdk.Services;

namespace Podflare.AgentTests;

/// <summary>A model with a code interpreter, as its caller and as the model sees it.</summary>
public sealed class InterpreterTests(Service service)
{
    private static readonly ChatOptions WithInterpreter = new() { Tools = [new HostedCodeInterpreterTool()] };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_caller_sees_a_code_interpreter_and_the_model_a_function()
    {
        var model = new ScriptedModel(ScriptedModel.Runs("print(6 * 7)"), ScriptedModel.SaysTheResult());
        await using var client = Interpreter(model);
        var response = await client.GetResponseAsync("How much?", WithInterpreter, Token);

        Assert.Equal("42\n", response.Text);
        var contents = response.Messages.SelectMany(message => message.Contents).ToList();
        var call = Assert.Single(contents.OfType<CodeInterpreterToolCallContent>());
        var code = Assert.IsType<DataContent>(Assert.Single(call.Inputs!));
        Assert.Equal(("text/x-python", "print(6 * 7)"), (code.MediaType, Encoding.UTF8.GetString(code.Data.Span)));
        var result = Assert.Single(contents.OfType<CodeInterpreterToolResultContent>());
        Assert.Equal((call.CallId, "42\n"), (result.CallId, Assert.IsType<TextContent>(Assert.Single(result.Outputs!)).Text));
        Assert.DoesNotContain(contents, content => content is FunctionCallContent or FunctionResultContent);
        Assert.Equal("execute_code", Assert.Single(model.Options!.Tools!).Name);
        Assert.IsType<HostedCodeInterpreterTool>(Assert.Single(WithInterpreter.Tools!));
        await DeleteAsync(response.Messages);
    }

    [Fact]
    public async Task A_streamed_call_is_executed_once()
    {
        var model = new ScriptedModel(ScriptedModel.Runs("runs = globals().get('runs', 0) + 1\nruns"), ScriptedModel.SaysTheResult());
        await using var client = Interpreter(model);
        var updates = await client.GetStreamingResponseAsync("How often?", WithInterpreter, Token).ToListAsync(Token);
        Assert.Equal(2, model.Requests.Count);
        var contents = updates.SelectMany(update => update.Contents).ToList();
        Assert.Single(contents.OfType<CodeInterpreterToolCallContent>());
        Assert.Equal("1", Assert.IsType<TextContent>(Assert.Single(Assert.Single(contents.OfType<CodeInterpreterToolResultContent>()).Outputs!)).Text);
        Assert.DoesNotContain(contents, content => content is FunctionCallContent or FunctionResultContent);
        var response = updates.ToChatResponse();
        Assert.Equal("1", response.Text);
        await DeleteAsync(response.Messages);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_conversation_continues_in_its_sandbox(bool isStored)
    {
        var model = new ScriptedModel(ScriptedModel.Runs("x = 41"), ScriptedModel.Says("done"), ScriptedModel.Runs("x + 1"), ScriptedModel.SaysTheResult());
        await using var client = Interpreter(model);
        List<ChatMessage> history = [new(ChatRole.User, "Remember 41.")];
        history.AddRange((await client.GetResponseAsync(history, WithInterpreter, Token)).Messages);
        if (isStored) history = JsonSerializer.Deserialize<List<ChatMessage>>(JsonSerializer.Serialize(history, AIJsonUtilities.DefaultOptions), AIJsonUtilities.DefaultOptions)!;
        history.Add(new(ChatRole.User, "One more."));
        var response = await client.GetResponseAsync(history, WithInterpreter, Token);
        Assert.Equal("42", response.Text);

        // The model has seen its earlier calls as it made them.
        var seen = model.Requests[2].SelectMany(message => message.Contents).ToList();
        var call = Assert.Single(seen.OfType<FunctionCallContent>());
        Assert.Equal(("execute_code", "x = 41"), (call.Name, call.Arguments!["code"]));
        Assert.Equal("[no output]", Assert.Single(seen.OfType<FunctionResultContent>()).Result);
        Assert.DoesNotContain(seen, content => content is CodeInterpreterToolCallContent or CodeInterpreterToolResultContent);
        await DeleteAsync(response.Messages);
    }

    [Fact]
    public async Task A_conversation_whose_sandbox_has_ended_gets_another_one_and_the_model_is_told()
    {
        var model = new ScriptedModel(
            ScriptedModel.Runs("x = 1"), ScriptedModel.Says("done"), ScriptedModel.Runs("'x' in globals()"), ScriptedModel.SaysTheResult(), ScriptedModel.Runs("2"), ScriptedModel.SaysTheResult());
        await using var client = Interpreter(model);
        List<ChatMessage> history = [new(ChatRole.User, "Start.")];
        history.AddRange((await client.GetResponseAsync(history, WithInterpreter, Token)).Messages);
        await DeleteAsync(history);
        var response = await client.GetResponseAsync([.. history, new(ChatRole.User, "Go on.")], WithInterpreter, Token);
        Assert.Equal("[The previous sandbox had ended. This is a new one: variables and files of earlier calls are gone.]\nFalse", response.Text);

        // The new one is that of the conversation from now on.
        history.AddRange(response.Messages);
        response = await client.GetResponseAsync([.. history, new(ChatRole.User, "Again.")], WithInterpreter, Token);
        Assert.Equal("2", response.Text);
        Assert.Equal(SandboxOf(history), SandboxOf(response.Messages));
        await DeleteAsync(response.Messages);
    }

    [Fact]
    public async Task A_conversation_that_the_service_keeps_continues_in_its_sandbox()
    {
        var model = new ScriptedModel(ScriptedModel.Runs("x = 41"), ScriptedModel.Says("done"), ScriptedModel.Runs("x + 1"), ScriptedModel.SaysTheResult()) { ConversationId = "conv_1" };
        await using var client = Interpreter(model);
        var first = await client.GetResponseAsync("Remember 41.", WithInterpreter, Token);
        var options = WithInterpreter.Clone();
        options.ConversationId = first.ConversationId;
        Assert.Equal("42", (await client.GetStreamingResponseAsync("One more.", options, Token).ToChatResponseAsync(Token)).Text);
        await DeleteAsync(first.Messages);
    }

    [Fact]
    public async Task A_sandbox_per_call_is_deleted_and_a_shared_one_with_its_client()
    {
        var model = new ScriptedModel(ScriptedModel.Runs("x = 1"), ScriptedModel.Runs("'x' in globals()"), ScriptedModel.SaysTheResult());
        await using (var perCall = Interpreter(model, new CodeInterpreterOptions { Lifetime = SandboxLifetime.PerCall, Sandbox = Tagged("per-call") }))
        {
            Assert.Equal("False", (await perCall.GetResponseAsync("Go.", WithInterpreter, Token)).Text);
            Assert.Empty(await ListAsync("per-call"));
        }

        model = new ScriptedModel(ScriptedModel.Runs("x = 1"), ScriptedModel.Says("done"), ScriptedModel.Runs("x"), ScriptedModel.SaysTheResult());
        await using (var shared = Interpreter(model, new CodeInterpreterOptions { Lifetime = SandboxLifetime.Shared, Sandbox = Tagged("shared") }))
        {
            await shared.GetResponseAsync("One conversation.", WithInterpreter, Token);
            Assert.Equal("1", (await shared.GetResponseAsync("Another one.", WithInterpreter, Token)).Text);
            Assert.Single(await ListAsync("shared"));
        }

        Assert.Empty(await ListAsync("shared"));
    }

    [Fact]
    public async Task Named_inputs_are_files_that_are_written_once()
    {
        const string read = "text = open('data.csv').read(); open('data.csv', 'a').write('3,4\\n'); print(text, end='')";
        var model = new ScriptedModel(ScriptedModel.Runs(read), ScriptedModel.SaysTheResult(), ScriptedModel.Runs(read), ScriptedModel.SaysTheResult());
        await using var client = Interpreter(model);
        var options = new ChatOptions { Tools = [new HostedCodeInterpreterTool { Inputs = [new DataContent("1,2\n"u8.ToArray(), "text/csv") { Name = "../data.csv" }, new HostedFileContent("file_1")] }] };
        List<ChatMessage> history = [new(ChatRole.User, "Read it.")];
        var response = await client.GetResponseAsync(history, options, Token);
        Assert.Equal("1,2\n", response.Text);
        response = await client.GetResponseAsync([.. history, .. response.Messages, new(ChatRole.User, "Again.")], options, Token);
        Assert.Equal("1,2\n3,4\n", response.Text);
        await DeleteAsync(response.Messages);
    }

    [Fact]
    public async Task A_call_that_needs_approval_waits_for_it()
    {
        var model = new ScriptedModel(ScriptedModel.Runs("6 * 7"), ScriptedModel.SaysTheResult());
        await using var client = Interpreter(model, new CodeInterpreterOptions { Function = new CodeFunctionOptions { RequireApproval = true } });
        List<ChatMessage> history = [new(ChatRole.User, "How much?")];
        history.AddRange((await client.GetResponseAsync(history, WithInterpreter, Token)).Messages);
        var request = Assert.Single(history.SelectMany(message => message.Contents).OfType<ToolApprovalRequestContent>());
        Assert.Equal("6 * 7", Assert.IsType<FunctionCallContent>(request.ToolCall).Arguments!["code"]);
        Assert.Single(model.Requests);

        history.Add(new ChatMessage(ChatRole.User, [request.CreateResponse(approved: true)]));
        var response = await client.GetResponseAsync(history, WithInterpreter, Token);
        Assert.Equal("42", response.Text);
        Assert.Single(response.Messages.SelectMany(message => message.Contents).OfType<CodeInterpreterToolResultContent>());
        await DeleteAsync(response.Messages);
    }

    [Fact]
    public async Task A_request_without_the_tool_is_passed_on()
    {
        var model = new ScriptedModel(ScriptedModel.Says("no code"));
        await using var client = Interpreter(model);
        Assert.Equal("no code", (await client.GetResponseAsync("Hello.", new ChatOptions { Temperature = 1 }, Token)).Text);
        Assert.Null(model.Options!.Tools);
    }

    [Fact]
    public void The_wrong_order_is_refused_when_the_pipeline_is_built()
    {
        using var model = new ScriptedModel();
        var inside = model.AsBuilder().UseFunctionInvocation().UsePodflareCodeInterpreter(service.Client);
        Assert.Contains("before UseFunctionInvocation", Assert.Throws<InvalidOperationException>(() => inside.Build()).Message, StringComparison.Ordinal);
        using var right = model.AsBuilder().UsePodflareCodeInterpreter(service.Client).UseFunctionInvocation().Build();
        Assert.NotNull(right.GetService<CodeInterpreterChatClient>());
        Assert.Throws<ArgumentException>(() => new CodeInterpreterChatClient(right, service.Client, new CodeInterpreterOptions { Sandbox = new SandboxOptions { IdempotencyKey = "a" } }));
    }

    private static SandboxOptions Tagged(string tag) => new() { Metadata = new Dictionary<string, string> { ["test"] = tag } };

    private static string SandboxOf(IEnumerable<ChatMessage> messages) =>
        messages.SelectMany(message => message.Contents).OfType<CodeInterpreterToolResultContent>().Last().AdditionalProperties!["podflare.sandbox_id"]!.ToString()!;

    private CodeInterpreterChatClient Interpreter(ScriptedModel model, CodeInterpreterOptions? options = null) =>
        model.AsBuilder().UsePodflareCodeInterpreter(service.Client, options).UseFunctionInvocation().Build().GetService<CodeInterpreterChatClient>()!;

    private async Task<List<SandboxInfo>> ListAsync(string tag) =>
        await service.Client.ListSandboxesAsync(new SandboxQuery { State = SandboxState.Ready, Metadata = Tagged(tag).Metadata }, Token).ToListAsync(Token);

    private Task DeleteAsync(IEnumerable<ChatMessage> messages) => service.Client.Attach(SandboxOf(messages)).DeleteAsync(Token);
}

using Microsoft.Agents.AI;
using Microsoft.Extensions.AI;
using Podflare.Agents;
using Podflare.AgentTests.Models;
using Podflare.Extensions.AI;
using Podflare.NetSdk.Services;

namespace Podflare.AgentTests;

/// <summary>Agents of the Microsoft Agent Framework that act by writing code.</summary>
public sealed class CodeActTests(Service service)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_call_starts_without_variables_and_finds_the_files()
    {
        var model = new ScriptedModel(
            ScriptedModel.Runs("x = 1; open('kept', 'w').write('file')"), ScriptedModel.Runs("print('x' in globals(), open('kept').read())"), ScriptedModel.SaysTheResult());
        await using var code = new CodeActProvider(service.Client);
        var agent = Agent(model, code);
        var session = await agent.CreateSessionAsync(Token);
        Assert.Equal("False file\n", (await agent.RunAsync("Go.", session, cancellationToken: Token)).Text);
        Assert.Contains("Variables are not kept", model.Options!.Instructions, StringComparison.Ordinal);
        await code.EndConversationAsync(session, Token);
    }

    [Fact]
    public async Task A_session_that_was_stored_continues_in_its_sandbox()
    {
        var model = new ScriptedModel(ScriptedModel.Runs("x = 41"), ScriptedModel.Says("done"), ScriptedModel.Runs("x + 1"), ScriptedModel.SaysTheResult());
        await using var code = new CodeActProvider(service.Client, new CodeActOptions { KeepVariables = true });
        var agent = Agent(model, code);
        var session = await agent.CreateSessionAsync(Token);
        await agent.RunAsync("Remember 41.", session, cancellationToken: Token);
        var stored = await agent.SerializeSessionAsync(session, cancellationToken: Token);

        await using var later = new CodeActProvider(service.Client, new CodeActOptions { KeepVariables = true });
        agent = Agent(model, later);
        session = await agent.DeserializeSessionAsync(stored, cancellationToken: Token);
        var updates = await agent.RunStreamingAsync("One more.", session, cancellationToken: Token).ToListAsync(Token);
        Assert.Equal("42", updates.ToAgentResponse().Text);
        await later.EndConversationAsync(session, Token);
    }

    [Fact]
    public async Task A_session_gets_another_sandbox_after_the_end_of_its_own()
    {
        var model = new ScriptedModel(ScriptedModel.Runs("x = 1"), ScriptedModel.Says("done"), ScriptedModel.Runs("'x' in globals()"), ScriptedModel.SaysTheResult());
        await using var code = new CodeActProvider(service.Client, new CodeActOptions { KeepVariables = true, Sandbox = Tagged("ends") });
        var agent = Agent(model, code);
        var session = await agent.CreateSessionAsync(Token);
        await agent.RunAsync("Start.", session, cancellationToken: Token);
        await service.Client.Attach(Assert.Single(await ListAsync("ends")).Id).DeleteAsync(Token);
        Assert.Equal(
            "[The previous sandbox had ended. This is a new one: variables and files of earlier calls are gone.]\nFalse", (await agent.RunAsync("Go on.", session, cancellationToken: Token)).Text);
        await code.EndConversationAsync(session, Token);
        Assert.Empty(await ListAsync("ends"));
    }

    [Fact]
    public async Task Sessions_in_a_shared_sandbox_have_variables_of_their_own()
    {
        var model = new ScriptedModel(
            ScriptedModel.Runs("x = 1"), ScriptedModel.Says("done"), ScriptedModel.Runs("'x' in globals()"), ScriptedModel.SaysTheResult(), ScriptedModel.Runs("x"), ScriptedModel.SaysTheResult());
        await using (var code = new CodeActProvider(service.Client, new CodeActOptions { KeepVariables = true, Lifetime = SandboxLifetime.Shared, Sandbox = Tagged("sessions") }))
        {
            var agent = Agent(model, code);
            var (first, second) = (await agent.CreateSessionAsync(Token), await agent.CreateSessionAsync(Token));
            await agent.RunAsync("Start.", first, cancellationToken: Token);
            Assert.Equal("False", (await agent.RunAsync("Start.", second, cancellationToken: Token)).Text);
            Assert.Equal("1", (await agent.RunAsync("Go on.", first, cancellationToken: Token)).Text);
            var sandbox = service.Client.Attach(Assert.Single(await ListAsync("sessions")).Id);
            Assert.Equal(3, (await sandbox.Contexts.ListAsync(Token)).Count);
            await code.EndConversationAsync(first, Token);
            Assert.Equal(2, (await sandbox.Contexts.ListAsync(Token)).Count);
        }

        Assert.Empty(await ListAsync("sessions"));
    }

    [Fact]
    public async Task Nothing_is_left_of_an_agent_without_a_session()
    {
        await using var code = new CodeActProvider(service.Client, new CodeActOptions { Lifetime = SandboxLifetime.PerCall, Sandbox = Tagged("no-session") });
        Assert.Equal("2", (await Agent(new ScriptedModel(ScriptedModel.Runs("1 + 1"), ScriptedModel.SaysTheResult()), code).RunAsync("Go.", cancellationToken: Token)).Text);
        Assert.Empty(await ListAsync("no-session"));
    }

    [Fact]
    public async Task Code_that_needs_approval_waits_for_it()
    {
        var model = new ScriptedModel(ScriptedModel.Runs("6 * 7"), ScriptedModel.SaysTheResult());
        await using var code = new CodeActProvider(service.Client, new CodeActOptions { Function = new CodeFunctionOptions { RequireApproval = true } });
        var agent = Agent(model, code);
        var session = await agent.CreateSessionAsync(Token);
        var first = await agent.RunAsync("How much?", session, cancellationToken: Token);
        var request = Assert.Single(first.Messages.SelectMany(message => message.Contents).OfType<ToolApprovalRequestContent>());
        Assert.Single(model.Requests);
        Assert.Equal("42", (await agent.RunAsync(new ChatMessage(ChatRole.User, [request.CreateResponse(approved: true)]), session, cancellationToken: Token)).Text);
        await code.EndConversationAsync(session, Token);
    }

    [Fact]
    public async Task A_sandbox_that_was_given_is_used_by_all()
    {
        await using var sandbox = await service.Client.CreateSandboxAsync(cancellationToken: Token);
        await using (var code = new CodeActProvider(sandbox))
        {
            Assert.Equal("2", (await Agent(new ScriptedModel(ScriptedModel.Runs("1 + 1"), ScriptedModel.SaysTheResult()), code).RunAsync("Go.", cancellationToken: Token)).Text);
        }

        Assert.Equal(SandboxState.Ready, (await sandbox.GetInfoAsync(Token)).State);
    }

    [Fact]
    public async Task Code_calls_the_functions_of_the_program()
    {
        List<string> asked = [];
        var find = AIFunctionFactory.Create((string q, int limit = 2) =>
        {
            lock (asked) asked.Add(q);
            return Enumerable.Range(1, limit).Select(n => new { title = $"{q} {n}" }).ToArray();
        }, "find", "Searches the index.");
        var model = new ScriptedModel(ScriptedModel.Runs("titles = [row['title'] for q in ('a', 'b') for row in tools.find(q=q)]\ntitles"), ScriptedModel.SaysTheResult());
        await using var code = new CodeActProvider(service.Client, new CodeActOptions { Function = new CodeFunctionOptions { Tools = [find] } });
        var agent = Agent(model, code);
        var session = await agent.CreateSessionAsync(Token);
        Assert.Equal("['a 1', 'a 2', 'b 1', 'b 2']", (await agent.RunAsync("Go.", session, cancellationToken: Token)).Text);
        Assert.Equal(["a", "b"], asked);
        var tool = Assert.Single(model.Options!.Tools!);
        Assert.EndsWith("\n- tools.find(q: string, limit: integer = …): Searches the index.", tool.Description, StringComparison.Ordinal);
        await code.EndConversationAsync(session, Token);
    }

    [Fact]
    public async Task A_function_that_fails_raises_in_the_code_and_arguments_are_checked()
    {
        var fail = AIFunctionFactory.Create((int n) => n > 0 ? throw new InvalidOperationException("no index") : n, "fail");
        const string program = """
            for arguments in ({'n': 1}, {'n': 'x'}, {}, {'n': 0}):
                try: print(tools.fail(**arguments))
                except Exception as e: print(type(e).__name__, e)
            """;
        var model = new ScriptedModel(ScriptedModel.Runs(program), ScriptedModel.SaysTheResult());
        await using var code = new CodeActProvider(service.Client, new CodeActOptions { Function = new CodeFunctionOptions { Tools = [fail] } });
        var agent = Agent(model, code);
        var session = await agent.CreateSessionAsync(Token);
        var lines = (await agent.RunAsync("Go.", session, cancellationToken: Token)).Text.Split('\n');
        Assert.Equal(["ToolError no index", "ToolError arguments.n must be an integer, not a string"], lines[..2]);
        Assert.Equal("0", lines[3]);
        await code.EndConversationAsync(session, Token);
    }

    [Fact]
    public async Task A_bundled_function_that_needs_approval_makes_the_code_need_it()
    {
        var paid = new ApprovalRequiredAIFunction(AIFunctionFactory.Create(() => "sent", "send"));
        var model = new ScriptedModel(ScriptedModel.Runs("tools.send()"), ScriptedModel.SaysTheResult());
        await using var code = new CodeActProvider(service.Client, new CodeActOptions { Function = new CodeFunctionOptions { Tools = [paid] } });
        var agent = Agent(model, code);
        var session = await agent.CreateSessionAsync(Token);
        var request = Assert.Single((await agent.RunAsync("Go.", session, cancellationToken: Token)).Messages.SelectMany(message => message.Contents).OfType<ToolApprovalRequestContent>());
        Assert.Equal("'sent'", (await agent.RunAsync(new ChatMessage(ChatRole.User, [request.CreateResponse(approved: true)]), session, cancellationToken: Token)).Text);
        await code.EndConversationAsync(session, Token);
    }

    [Fact]
    public void Mistakes_are_named()
    {
        Assert.Contains("PerCall", Assert.Throws<ArgumentException>(() => new CodeActProvider(service.Client, new CodeActOptions { KeepVariables = true, Lifetime = SandboxLifetime.PerCall })).Message, StringComparison.Ordinal);
        Assert.Contains("KeepVariables", Assert.Throws<ArgumentException>(() => new CodeActProvider(service.Client, new CodeActOptions { Function = new CodeFunctionOptions { Fresh = true } })).Message, StringComparison.Ordinal);
    }

    private static ChatClientAgent Agent(ScriptedModel model, CodeActProvider code) => model.AsAIAgent(new ChatClientAgentOptions { AIContextProviders = [code] });

    private static SandboxOptions Tagged(string tag) => new() { Metadata = new Dictionary<string, string> { ["test"] = tag } };

    private async Task<List<SandboxInfo>> ListAsync(string tag) =>
        await service.Client.ListSandboxesAsync(new SandboxQuery { State = SandboxState.Ready, Metadata = Tagged(tag).Metadata }, Token).ToListAsync(Token);
}

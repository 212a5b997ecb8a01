// An agent that answers by writing code. It needs a Podflare server (PODFLARE_HOSTD_URL, or http://127.0.0.1:7070), and no key of a model:
// its model is scripted. Replace it by the IChatClient of your provider.
using AgentSample;
using Microsoft.Agents.AI;
using Microsoft.Extensions.AI;
using Podflare;
using Podflare.Agents;

using var podflare = new PodflareClient();
await using var code = new CodeActProvider(podflare, new CodeActOptions { KeepVariables = true });
using IChatClient model = new ScriptedModel("total = sum(range(101))\nprint(total)", "total ** 2");
AIAgent agent = model.AsAIAgent(new ChatClientAgentOptions { Name = "analyst", AIContextProviders = [code] });

var session = await agent.CreateSessionAsync();
foreach (var question in new[] { "What is the sum of the numbers from 1 to 100?", "And its square?" })
{
    Console.WriteLine($"> {question}");
    await foreach (var update in agent.RunStreamingAsync(question, session))
    {
        foreach (var call in update.Contents.OfType<FunctionCallContent>()) Console.WriteLine($"[code] {call.Arguments!["code"]}");
        Console.Write(update.Text);
    }

    Console.WriteLine();
}

await code.EndConversationAsync(session);

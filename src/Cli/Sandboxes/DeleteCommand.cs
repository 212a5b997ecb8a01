using System.CommandLine;
using Podflare.Cli.Hosting;
using Podflare.Cli.Output;

namespace Podflare.Cli.Sandboxes;

internal static class DeleteCommand
{
    public static Command Create(GlobalOptions global)
    {
        var ids = new Argument<string[]>("id") { Description = "Sandbox IDs", HelpName = "id", Arity = ArgumentArity.ZeroOrMore };
        ids.CompletionSources.Add(context => ServerCompletion.Ids(context, global));
        var all = new Option<bool>("--all") { Description = "Delete all sandboxes, or those that --metadata selects" };
        var metadata = new Option<string[]>("--metadata", "-m") { Description = "With --all: only sandboxes with this metadata (repeatable)", HelpName = "name=value" };
        metadata.RequirePairs();
        var command = new Command("rm", "Delete sandboxes, including running code and files") { ids, all, metadata };
        command.Aliases.Add("delete");
        command.Validate(result =>
        {
            var count = result.GetResult(ids)?.Tokens.Count ?? 0;
            if (!result.GetValue(all) && result.GetResult(metadata) is not null) result.AddError("--metadata needs --all.");
            else if (result.GetValue(all) == count > 0) result.AddError(count > 0 ? "Use either sandbox IDs or --all." : "Name the sandboxes to delete, or use --all.");
        });
        return command.WithAction(global, async context =>
        {
            var client = context.Client;
            IReadOnlyList<string> chosen = context.Value(all)
                ? await SelectAsync(client, Texts.ParsePairs(context.Value(metadata), "--metadata"), context.Interruption.Token)
                : context.Value(ids)!;
            var deleted = new List<string>();
            var failed = false;
            foreach (var id in chosen)
            {
                try
                {
                    await client.Attach(id).DeleteAsync(context.Interruption.Token);
                    deleted.Add(id);
                    if (!context.IsJson) context.Screen.Line(id);
                }
                catch (Exception e) when (e is PodflareApiException or ArgumentException)
                {
                    // A failure must not keep the other sandboxes.
                    context.Screen.WriteError(e, id);
                    failed = true;
                }
            }

            if (context.IsJson) context.Screen.Json(new DeletedJson(deleted), CliJson.Default.DeletedJson);
            return failed ? ExitCodes.Failed : 0;
        }).WithExamples(
            ("Delete a sandbox", "podflare sandbox rm $ID"),
            ("Delete every sandbox of a user", "podflare sandbox rm --all --metadata user=42"));
    }

    private static async Task<IReadOnlyList<string>> SelectAsync(PodflareClient client, Dictionary<string, string>? metadata, CancellationToken cancellationToken)
    {
        var ids = new List<string>();
        // Before anything is deleted, so that the pages do not shift.
        await foreach (var sandbox in client.ListSandboxesAsync(new SandboxQuery { State = SandboxState.Ready, Metadata = metadata }, cancellationToken)) ids.Add(sandbox.Id);
        return ids;
    }
}

using System.CommandLine;
using Podflare.Cli.Hosting;
using Podflare.Cli.Output;

namespace Podflare.Cli.Configuration;

/// <summary><c>podflare config</c>: named servers.</summary>
internal static class ConfigCommands
{
    public static Command Create(GlobalOptions global) => new Command("config", "Manage profiles: servers and their keys under a name")
    {
        Set(global),
        Use(global),
        List(global),
        Remove(global),
    }.WithExamples(
        ("Add a server and use it from now on", "podflare config set prod --url https://podflare.example.com --api-key-stdin < key.txt\n  podflare config use prod"),
        ("Use a profile for one command", "podflare --profile prod sandbox ls"));

    private static Command Set(GlobalOptions global)
    {
        var name = Name();
        var stdin = new Option<bool>("--api-key-stdin") { Description = "Read the API key from stdin, where other users cannot see it" };
        var command = new Command("set", "Add or replace a profile; --url names its server") { name, stdin };
        command.Validate(result =>
        {
            if (result.GetValue(global.Url) is not { Length: > 0 }) result.AddError("Option '--url' is required.");
            if (result.GetValue(stdin) && result.GetValue(global.ApiKey) is not null) result.AddError("Use either --api-key or --api-key-stdin.");
        });
        return command.WithAction(global, async context =>
        {
            var url = ServerSelection.Parse(context.Value(global.Url)!, "--url");
            var key = context.Value(stdin) ? (await StandardInput.ReadToEndAsync(context.Interruption.Token)).Trim() : context.Value(global.ApiKey);
            context.Profiles.Set(new Profile(context.Value(name)!, url.ToString(), key is { Length: > 0 } ? key : null));
            if (!context.IsJson) context.Screen.Note($"Saved profile {context.Value(name)} in {context.Profiles.Path}.");
            return 0;
        }).WithExamples(("Add a local server", "podflare config set local --url http://127.0.0.1:7070"));
    }

    private static Command Use(GlobalOptions global)
    {
        var name = Existing();
        return new Command("use", "Make a profile the current one") { name }.WithAction(global, context =>
        {
            context.Profiles.Use(context.Value(name)!);
            return Task.FromResult(0);
        }).WithExamples(("Use the profile prod by default", "podflare config use prod"));
    }

    private static Command List(GlobalOptions global)
    {
        var command = new Command("ls", "List profiles; * marks the current one").WithAction(global, context =>
        {
            // Keys are never shown.
            ProfileJson[] profiles = [.. context.Profiles.All.Select(profile => new ProfileJson(profile.Name, profile.Url, profile.ApiKey is not null, profile == context.Profiles.Current))];
            if (context.IsJson) context.Screen.Json(profiles, CliJson.Default.ProfileJsonArray);
            else context.Screen.Table(["NAME", "CURRENT", "KEY", "URL"], [.. profiles.Select(profile => (string[])[profile.Name, profile.IsCurrent ? "*" : "-", profile.HasKey ? "yes" : "no", profile.Url])]);
            return Task.FromResult(0);
        });
        command.Aliases.Add("list");
        return command.WithExamples(("List profiles", "podflare config ls"));
    }

    private static Command Remove(GlobalOptions global)
    {
        var name = Existing();
        var command = new Command("rm", "Delete a profile") { name }.WithAction(global, context =>
        {
            context.Profiles.Remove(context.Value(name)!);
            return Task.FromResult(0);
        });
        command.Aliases.Add("delete");
        return command.WithExamples(("Delete the profile prod", "podflare config rm prod"));
    }

    private static Argument<string> Name() => new("name") { Description = "Name of the profile" };

    private static Argument<string> Existing()
    {
        var name = Name();
        name.CompletionSources.Add(static _ =>
        {
            try
            {
                return ProfileStore.Open().All.Select(profile => new System.CommandLine.Completions.CompletionItem(profile.Name));
            }
            catch (CliException)
            {
                return [];
            }
        });
        return name;
    }
}

using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Podflare.Egress;
using Podflare.EgressProxy.Settings;
using Podflare.Processes;
using Podflare.Storage;

namespace Podflare.Containers;

public static class ContainerServices
{
    extension(IServiceCollection services)
    {
        /// <summary>
        /// Adds <see cref="IContainerRuntime"/> on Docker, <see cref="RunFolder"/> and <see cref="HostIdentity"/> (unless they are there
        /// already), and <see cref="EngineOptions"/>, <see cref="TemplateOptions"/>, <see cref="IsolationOptions"/> <see cref="EgressOptions"/> and <see cref="ProxyOptions"/>, which are validated at start.
        /// </summary>
        public IServiceCollection AddContainers()
        {
            services.AddOptions<EngineOptions>().BindConfiguration(EngineOptions.Section).ValidateOnStart();
            services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<EngineOptions>, EngineOptionsValidator>());
            services.AddOptions<TemplateOptions>().BindConfiguration(TemplateOptions.Section).PostConfigure<IOptions<EngineOptions>>(UseDefaultRuntime).ValidateOnStart();
            services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<TemplateOptions>, TemplateOptionsValidator>());
            services.AddOptions<EgressOptions>().BindConfiguration(EgressOptions.Section).ValidateOnStart();
            services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<EgressOptions>, EgressOptionsValidator>());
            services.AddOptions<IsolationOptions>().BindConfiguration(IsolationOptions.Section).ValidateOnStart();
            services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<IsolationOptions>, IsolationOptionsValidator>());
            services.TryAddSingleton(TimeProvider.System);
            services.TryAddSingleton<SandboxUsers>();
            services.AddOptions<ProxyOptions>().BindConfiguration(ProxyOptions.Section).ValidateDataAnnotations().ValidateOnStart();
            services.AddRunFolder();
            services.TryAddSingleton(provider => new EgressFolder(Path.Combine(provider.GetRequiredService<RunFolder>().Path, "egress")));
            services.TryAddSingleton<EgressProxySupervisor>();
            services.TryAddSingleton<EgressNetwork>();
            services.TryAddSingleton(Identity);
            services.TryAddSingleton<IContainerRuntime, DockerRuntime>();
            return services;
        }

        /// <summary>Adds the run folder that <see cref="PodflareOptions"/> name, unless the host has opened one already.</summary>
        internal IServiceCollection AddRunFolder()
        {
            services.AddOptions<PodflareOptions>().BindConfiguration(PodflareOptions.Section);
            services.TryAddSingleton(provider =>
            {
                var options = provider.GetRequiredService<IOptions<PodflareOptions>>().Value;
                return RunFolder.Open(options.RunFolder, options.HostId);
            });
            return services;
        }
    }

    private static void UseDefaultRuntime(TemplateOptions templates, IOptions<EngineOptions> engine)
    {
        foreach (var template in templates.Values) template.Runtime ??= engine.Value.DefaultRuntime;
    }

    private static HostIdentity Identity(IServiceProvider provider)
    {
        var folder = provider.GetRequiredService<RunFolder>();
        var named = provider.GetRequiredService<IOptions<PodflareOptions>>().Value.ClusterId;
        var shared = RedisConnection.Find(provider.GetRequiredService<IConfiguration>()) is not null;
        return new HostIdentity(named ?? (shared ? "podflare" : RunFolder.EmbeddedClusterId(folder.Path)), folder.HostId);
    }
}

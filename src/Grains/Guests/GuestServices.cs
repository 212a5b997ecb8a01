using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Podflare.Containers;

namespace Podflare.Guests;

public static class GuestServices
{
    extension(IServiceCollection services)
    {
        /// <summary>Adds <see cref="GuestListener"/>, and <see cref="GuestOptions"/>, which are validated at start.</summary>
        public IServiceCollection AddGuests()
        {
            services.AddOptions<GuestOptions>().BindConfiguration(GuestOptions.Section).ValidateOnStart();
            services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<GuestOptions>, GuestOptionsValidator>());
            services.TryAddSingleton(TimeProvider.System);
            services.AddRunFolder();
            services.TryAddSingleton<GuestListener>();
            return services;
        }
    }
}
